#!/usr/bin/env bash
# Exports a model, verifies the files, and leaves artifact, report and JUnit XML in one folder.
# Its input comes in variables, so that no value is read as a command.
set -euo pipefail

: "${ND_MODEL:?the model is missing}" "${ND_TARGET:?the target is missing}"
folder="${ND_FOLDER:-neurodeploy-report}"
words=()
[ -z "${ND_SAMPLES:-}" ] || words+=(--samples "$ND_SAMPLES")
options=()
while IFS= read -r option; do
	[ -z "$option" ] || options+=(--option "$option")
done <<<"${ND_OPTIONS:-}"

neurodeploy export "$ND_MODEL" --target "$ND_TARGET" -o "$folder/artifact" "${options[@]}"
neurodeploy verify "$folder/artifact" --model "$ND_MODEL" --simulator "${ND_SIMULATOR:-all}" \
	--install --strict --report "$folder" --junit "$folder/junit.xml" "${words[@]}"
