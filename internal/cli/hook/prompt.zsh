_portico_prompt() {
	emulate -L zsh
	local key=${AWS_PROFILE-}${AWS_DEFAULT_PROFILE-}${PORTICO_PROFILE-}${PORTICO_ROLE-} text=
	if [[ -z $key ]] || [[ -n ${PORTICO_SHELL-} ]]; then
		typeset -g _portico_text= # no profile, or exec has marked the prompt
	elif [[ $key:$((SECONDS / 15)) != ${_portico_key-} ]]; then
		typeset -g _portico_key=$key:$((SECONDS / 15))
		text=$(command @program@ prompt --shell zsh 2>/dev/null)
		typeset -g _portico_text=${text:+$text }
	fi
	PROMPT=${_portico_text-}${PROMPT#"${_portico_segment-}"}
	typeset -g _portico_segment=${_portico_text-}
}
typeset -ga precmd_functions
(( ${precmd_functions[(I)_portico_prompt]} )) || precmd_functions+=(_portico_prompt)
