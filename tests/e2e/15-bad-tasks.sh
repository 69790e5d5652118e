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
one_sentence 'MiB|bytes|long|large'
printf 'bad \377 text' >latin
exits 2 "$NDF" why --file latin
one_sentence 'UTF-8'
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
