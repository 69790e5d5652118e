#!/bin/sh
# Wrong usage is exit 2 and one sentence with the nearest known word; help and
# completions come without a store.
. "$(dirname "$0")/lib.sh"

exits 2 "$NDF" imprt x
one_sentence 'import'
exits 2 "$NDF" dev
one_sentence 'ndf dev. needs a command'
exits 2 "$NDF" ls --jsn
one_sentence '--json'
exits 2 "$NDF" import
one_sentence '.'
exits 2 "$NDF" rate
one_sentence '.'
exits 2 "$NDF" 'do' 'x' --timeout soon
one_sentence 'soon'
exits 2 "$NDF" 'do' 'x' --attr novalue
one_sentence 'novalue'

exits 0 "$NDF" help
says "$OUT" 'do .*task'
exits 0 "$NDF" --help
for command in init import trust 'do' run ls show why rate 'test' diff resume cancel approve logs wait stats; do
    exits 0 "$NDF" help "$command"
    says "$OUT" "ndf $command"
    exits 0 "$NDF" "$command" --help
done
exits 0 "$NDF" version
says "$OUT" '^ndf 0\.1\.0|^0\.1\.0'
for shell in bash zsh fish; do
    exits 0 "$NDF" completions "$shell"
    says "$OUT" resume
done
"$NDF" completions bash | bash -n || fail 'the bash completions do not parse'
exits 2 "$NDF" completions tcsh
one_sentence 'bash'

# A store is made by init and import only.
exits 3 "$NDF" --store nowhere.db ls
one_sentence 'nowhere.db'
exits 3 "$NDF" show nothing --store nowhere.db
one_sentence 'nowhere.db'

# A reader that goes away is no error worth a word.
exits 0 "$NDF" init
("$NDF" help; "$NDF" help do) | head -n 1 >/dev/null
