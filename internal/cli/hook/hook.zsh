# portico's hook for zsh: a profile for this shell, see "@name@ use --help".
@name@() {
	emulate -L zsh
	if [[ ${1-} != use ]]; then
		command @program@ "$@"
		return
	fi
	local said code=0
	said=$(PORTICO_HOOK=zsh command @program@ "$@") || code=$?
	case $said in
	'# portico use'*) eval "$said" ;;
	?*) print -r -- "$said" ;;
	esac
	return $code
}
# Whoever says "use --global" writes the file: a stamp, and the profile.
_portico_follow() {
	emulate -L zsh
	local stamp=0 profile='' new=
	if [[ -f @file@ && -r @file@ ]]; then
		{ IFS= read -r stamp && IFS= read -r profile || : } <@file@
	fi
	[[ $stamp != ${PORTICO_GLOBAL-} ]] || return 0
	[[ -n ${PORTICO_GLOBAL-} ]] || new=yes
	export PORTICO_GLOBAL=$stamp
	if [[ $stamp == 0 || -n ${PORTICO_PROFILE-}${PORTICO_ROLE-}${AWS_ACCESS_KEY_ID-} || ( -n $new && -n ${AWS_PROFILE-} ) ]]; then
		return 0 # nothing is chosen, or something else was for this shell
	fi
	[[ -n $new ]] || export PORTICO_PREVIOUS_PROFILE=${AWS_PROFILE-}
	unset AWS_DEFAULT_PROFILE AWS_PROFILE
	[[ -z $profile ]] || export AWS_PROFILE=$profile
	[[ -n $new ]] || print -r -- "@name@: this shell uses ${profile:-no profile} now" >&2
	return 0
}
typeset -ga precmd_functions
(( ${precmd_functions[(I)_portico_follow]} )) || precmd_functions=(_portico_follow $precmd_functions)
_portico_follow
