# portico's hook for fish: a profile for this shell, see "@name@ use --help".
function @name@
    if test "$argv[1]" != use
        command @program@ $argv
        return
    end
    set -lx PORTICO_HOOK fish
    set -l said (command @program@ $argv)
    set -l code $status
    set -e PORTICO_HOOK
    if string match -q '# portico use*' -- "$said[1]"
        printf '%s\n' $said | source
    else if test (count $said) -gt 0
        printf '%s\n' $said
    end
    return $code
end
# Whoever says "use --global" writes the file: a stamp, and the profile.
function _portico_follow --on-event fish_prompt
    set -l stamp 0
    set -l profile
    set -l new
    if test -f @file@ -a -r @file@
        read -l -L first second <@file@
        set stamp $first
        set profile $second
    end
    if test "$stamp" = "$PORTICO_GLOBAL"
        return
    end
    if test -z "$PORTICO_GLOBAL"
        set new yes
    end
    set -gx PORTICO_GLOBAL $stamp
    if test "$stamp" = 0 -o -n "$PORTICO_PROFILE$PORTICO_ROLE$AWS_ACCESS_KEY_ID"
        return
    end
    if test -n "$new" -a -n "$AWS_PROFILE"
        return # something else was chosen for this shell
    end
    if test -z "$new"
        set -gx PORTICO_PREVIOUS_PROFILE "$AWS_PROFILE"
    end
    set -e AWS_DEFAULT_PROFILE
    set -e AWS_PROFILE
    if test -n "$profile"
        set -gx AWS_PROFILE $profile
    end
    if test -z "$new"
        if test -z "$profile"
            set profile "no profile"
        end
        printf '@name@: this shell uses %s now\n' $profile >&2
    end
end
_portico_follow
