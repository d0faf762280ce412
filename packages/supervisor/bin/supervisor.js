#!/usr/bin/env sh
':' //; while read -r k v; do case $k$v in SigIgn:*[13579bdf]) export PREFORK_NOHUP=1; esac; done 2>&- </proc/$$/status; exec node -- "$0" "$@"
// By way of the shell, since Node takes options such as --env-file for its own even behind a script's name.
import module from 'node:module'

// Node 22.8 and later keep compiled code in a folder of their own, unless NODE_DISABLE_COMPILE_CACHE is set.
module.enableCompileCache?.()
await import('../dist/cli/main.js')
