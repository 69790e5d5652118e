#!/bin/sh
# Tasks and contexts that are too large, or are no text.
. "$(dirname "$0")/lib.sh"
printf 'agent: a\ndescription: Echoes the task.\nrun: [cat]\n' >ndf.yaml
exits 0 "$NDF" init
exits 0 "$NDF" trust .

/usr/bin/python3 -c 'print("find the leak " * 750000)' >ten-megabytes
exits 2 "$NDF" why --file ten-megabytes
one_sentence 'MiB|bytes|long|large'
exits 2 "$NDF" run a --file ten-megabytes
one_sentence 'MiB.*do what ten-megabytes says'
exits 2 "$NDF" why --file - <ten-megabytes
one_sentence 'standard input.*FILE'
printf 'bad \377 text' >latin
exits 2 "$NDF" why --file latin
one_sentence 'latin cannot be read as text.*UTF-8'
exits 2 "$NDF" why "$(cat latin)"
one_sentence 'the task cannot be read as text'
exits 2 "$NDF" why x --attr "k=$(cat latin)"
one_sentence 'value of --attr k cannot'
exits 2 "$NDF" why x --attr "$(cat latin)=1"
one_sentence 'name of --attr'
exits 2 "$NDF" why x --domain "$(cat latin)"
one_sentence 'value of --domain'
long=$(printf '%03000d' 0)
exits 2 "$NDF" why --file "/$long/x"
one_sentence '0\.\.\.0.*/x: File name too long'
printf 'nul \0 text' >nul
exits 2 "$NDF" why --file nul
one_sentence 'NUL'
printf '{"attributes": {"n": 9223372036854775808}}' >big.json
exits 2 "$NDF" why x --context big.json
one_sentence 'integer'
printf '{"atributes": {}}' >typo.json
exits 2 "$NDF" why x --context typo.json
one_sentence 'attributes'
printf '{"priority": 9}' >range.json
exits 2 "$NDF" why x --context range.json
one_sentence 'priority'
exits 2 "$NDF" why x --domain 'a..b'
one_sentence 'domain'
exits 3 "$NDF" why --file nowhere
one_sentence 'nowhere'

# An empty task finds nothing, and says so.
exits 4 "$NDF" 'do' 'zzzz qqqq'
says "$ERR" '.'
