_portico_prompt() {
	local last=$? key text=
	key=${AWS_PROFILE-}${AWS_DEFAULT_PROFILE-}${PORTICO_PROFILE-}${PORTICO_ROLE-}
	if [ -z "$key" ] || [ -n "${PORTICO_SHELL-}" ]; then
		_portico_text= # no profile, or exec has marked the prompt
	elif [ "$key:$((SECONDS / 15))" != "${_portico_key-}" ]; then
		_portico_key=$key:$((SECONDS / 15))
		text=$(command @program@ prompt --shell bash 2>/dev/null)
		_portico_text=${text:+$text }
	fi
	PS1=${_portico_text-}${PS1#"${_portico_segment-}"} _portico_segment=${_portico_text-}
	return "$last"
}
case $(declare -p PROMPT_COMMAND 2>/dev/null) in
*_portico_prompt*) ;;
"declare -a"*) PROMPT_COMMAND+=(_portico_prompt) ;;
*) PROMPT_COMMAND=${PROMPT_COMMAND:+$PROMPT_COMMAND$'\n'}_portico_prompt ;;
esac
