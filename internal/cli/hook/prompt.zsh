_portico_prompt() {
	emulate -L zsh
	local key=${AWS_PROFILE-}${AWS_DEFAULT_PROFILE-}${PORTICO_PROFILE-}${PORTICO_ROLE-} text=
	if [[ -z $key ]]; then
		typeset -g _portico_text=
	elif [[ $key:$((SECONDS / 15)) != ${_portico_key-} ]]; then
		typeset -g _portico_key=$key:$((SECONDS / 15))
		text=$(command @name@ prompt --shell zsh 2>/dev/null)
		typeset -g _portico_text=${text:+$text }
	fi
	PROMPT=${_portico_text-}${PROMPT#"${_portico_shown-}"}
	typeset -g _portico_shown=${_portico_text-}
}
typeset -ga precmd_functions
(( ${precmd_functions[(I)_portico_prompt]} )) || precmd_functions+=(_portico_prompt)
