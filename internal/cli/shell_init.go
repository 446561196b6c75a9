package cli

import (
	"bytes"
	"embed"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// hooks are what shell-init prints: for each shell the hook, and the segment of the
// prompt. @name@ in them is the name of the function, @program@ the program, @file@
// where the choice for all shells is.
//
//go:embed hook
var hooks embed.FS

// A hookShell is a shell that has a hook.
type hookShell struct {
	format  string // of env
	suffix  string // of its files
	quote   func(string) string
	install func(name string) string // the command line that installs the hook
	// completions are for the word that is the program's name.
	completions func(root *cobra.Command, out *bytes.Buffer) error
}

var hookNames = []string{"bash", "zsh", "fish", "pwsh"}

var hookShells = map[string]hookShell{
	"bash": {"bash", ".bash", quoteWord,
		func(name string) string { return `echo 'eval "$(` + name + ` shell-init bash)"' >>~/.bashrc` },
		func(root *cobra.Command, out *bytes.Buffer) error { return root.GenBashCompletionV2(out, true) }},
	"zsh": {"zsh", ".zsh", quoteWord,
		func(name string) string { return `echo 'eval "$(` + name + ` shell-init zsh)"' >>~/.zshrc` },
		func(root *cobra.Command, out *bytes.Buffer) error { return root.GenZshCompletion(out) }},
	"fish": {"fish", ".fish", func(s string) string { return `"` + escape(s, `\`, `\$"`) + `"` },
		func(name string) string {
			return `echo '` + name + ` shell-init fish | source' >>~/.config/fish/config.fish`
		},
		func(root *cobra.Command, out *bytes.Buffer) error { return root.GenFishCompletion(out, true) }},
	"pwsh": {"powershell", ".ps1", func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" },
		func(name string) string {
			return `Add-Content $PROFILE '` + name + ` shell-init pwsh | Out-String | Invoke-Expression'`
		},
		func(root *cobra.Command, out *bytes.Buffer) error { return root.GenPowerShellCompletionWithDesc(out) }},
}

func newShellInit(a *App, g *globals) *cobra.Command {
	var prompt bool
	c := &cobra.Command{
		Use:     "shell-init bash|zsh|fish|pwsh",
		Short:   "Print the hook that use needs in your shell, and completions",
		GroupID: groupProfiles,
		Long: `Prints what a shell evaluates as it starts: a function of portico's name, so that
"portico use" can change the profile of that shell; a hook that looks at each prompt
whether one was chosen for all shells, which reads one small file and starts no
program; and completions. With --prompt it also puts the profile before the prompt
(see prompt).

Put the line for your shell at the end of its file:

  bash  ~/.bashrc                   eval "$(portico shell-init bash)"
  zsh   ~/.zshrc, after compinit    eval "$(portico shell-init zsh)"
  fish  ~/.config/fish/config.fish  portico shell-init fish | source
  pwsh  $PROFILE                    portico shell-init pwsh | Out-String | Invoke-Expression

Then choose a profile: portico use.`,
		Example: `  eval "$(portico shell-init bash)"
  eval "$(portico shell-init zsh --prompt)"
  portico shell-init fish | source`,
		ValidArgs: hookNames,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(hookNames, args[0]) {
				return &usageError{Problem: "which shell? One of " + strings.Join(hookNames, ", ")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := a.shellInit(cmd.Root(), args[0], prompt)
			if err != nil {
				return err
			}
			if a.terminal().InteractiveOut() {
				fmt.Fprintf(a.Stderr, "%s: this is for your shell to evaluate. To install it, run: %s\n", a.Name, hookShells[args[0]].install(a.Name))
			}
			_, err = fmt.Fprint(a.Stdout, text)
			return err
		},
	}
	c.Flags().BoolVar(&prompt, "prompt", false, "show the profile before the prompt, too")
	return c
}

// shellInit is the hook of a shell, with completions.
func (a *App) shellInit(root *cobra.Command, shell string, prompt bool) (string, error) {
	s := hookShells[shell]
	name, path := a.Name, a.Name
	if promptText(name) != name || strings.ContainsAny(name, " /:,@") {
		name = program // no shell has a function of that name
	}
	if _, err := a.lookPath(path); err != nil {
		path = a.Self
	}
	fill := strings.NewReplacer("@name@", name, "@program@", s.quote(path), "@file@", s.quote(a.chosenFile()))
	files := []string{"hook"}
	if prompt {
		files = append(files, "prompt")
	}
	var out bytes.Buffer
	for _, file := range files {
		text, err := hooks.ReadFile("hook/" + file + s.suffix)
		if err != nil {
			return "", err
		}
		out.WriteString(fill.Replace(string(text)))
	}
	var completions bytes.Buffer
	if err := s.completions(root, &completions); err != nil {
		return "", err
	}
	switch shell {
	case "bash":
		fmt.Fprintf(&out, "if [[ $- == *i* ]]; then\n%s\nfi\n", withoutBashCompletion(completions.String()))
	case "zsh":
		fmt.Fprintf(&out, "if (( $+functions[compdef] )); then\n%s\nfi\n", completions.String())
	default:
		out.Write(completions.Bytes())
	}
	return out.String(), nil
}

// withoutBashCompletion has the completions work where the package bash-completion,
// which has this function, is not installed, as on macOS.
func withoutBashCompletion(script string) string {
	return script + `
declare -F _get_comp_words_by_ref >/dev/null 2>&1 || _get_comp_words_by_ref() {
	# Words as they were typed: bash cuts them at : and =, too.
	local i j=0 glue=
	words=() cword=0
	for ((i = 0; i < ${#COMP_WORDS[@]}; i++)); do
		case ${COMP_WORDS[i]} in
		:* | =*) [ "$j" -gt 1 ] && glue=yes ;;
		esac
		if [ -n "$glue" ]; then
			words[j-1]+=${COMP_WORDS[i]}
		else
			words[j++]=${COMP_WORDS[i]}
		fi
		glue=
		case ${COMP_WORDS[i]} in
		*[:=]) [ "$j" -gt 1 ] && glue=yes ;;
		esac
		[ "$i" -ne "$COMP_CWORD" ] || cword=$((j - 1))
	done
	cur=${words[cword]} prev=${words[cword > 0 ? cword - 1 : 0]}
}
`
}
