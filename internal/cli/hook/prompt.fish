if not functions -q _portico_prompt_below
    functions -c fish_prompt _portico_prompt_below
    function fish_prompt
        set -l last $status
        # What exec opens has exec's mark.
        if test -z "$PORTICO_SHELL" -a -n "$AWS_PROFILE$AWS_DEFAULT_PROFILE$PORTICO_PROFILE$PORTICO_ROLE"
            set -l text (command @program@ prompt --shell fish 2>/dev/null)
            test -z "$text"; or echo -n "$text "
        end
        echo "exit $last" | source
        _portico_prompt_below
    end
end
