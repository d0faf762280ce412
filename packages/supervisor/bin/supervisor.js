#!/usr/bin/env sh
':' //; exec node -- "$0" "$@"
// By way of the shell, since Node takes options such as --env-file for its own even behind a script's name.
import '../dist/cli/main.js'
