# portico's hook for bash: a profile for this shell, see "@name@ use --help".
@name@() {
	if [ "${1-}" != use ]; then
		command @program@ "$@"
		return
	fi
	local said code=0
	said=$(PORTICO_HOOK=bash command @program@ "$@") || code=$?
	case $said in
	'# portico use'*) eval "$said" ;;
	?*) printf '%s\n' "$said" ;;
	esac
	return "$code"
}
# Whoever says "use --global" writes the file: a stamp, and the profile.
_portico_follow() {
	local last=$? stamp=0 profile='' new=
	if [ -f @file@ ] && [ -r @file@ ]; then
		{ IFS= read -r stamp && IFS= read -r profile || :; } <@file@
	fi
	if [ "$stamp" != "${PORTICO_GLOBAL-}" ]; then
		[ -n "${PORTICO_GLOBAL-}" ] || new=yes
		export PORTICO_GLOBAL=$stamp
		if [ "$stamp" = 0 ] || [ -n "${PORTICO_PROFILE-}${PORTICO_ROLE-}${AWS_ACCESS_KEY_ID-}" ] || [ -n "$new" -a -n "${AWS_PROFILE-}" ]; then
			return "$last" # nothing is chosen, or something else was for this shell
		fi
		[ -n "$new" ] || export PORTICO_PREVIOUS_PROFILE="${AWS_PROFILE-}"
		unset AWS_DEFAULT_PROFILE AWS_PROFILE
		[ -z "$profile" ] || export AWS_PROFILE="$profile"
		[ -n "$new" ] || printf '@name@: this shell uses %s now\n' "${profile:-no profile}" >&2
	fi
	return "$last"
}
case $(declare -p PROMPT_COMMAND 2>/dev/null) in
*_portico_follow*) ;;
"declare -a"*) PROMPT_COMMAND=(_portico_follow "${PROMPT_COMMAND[@]}") ;;
*) PROMPT_COMMAND=_portico_follow${PROMPT_COMMAND:+$'\n'$PROMPT_COMMAND} ;;
esac
_portico_follow
