package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestExportCredentials(t *testing.T) {
	static := "[default]\naws_access_key_id = AKID\naws_secret_access_key = sec/ret+=\n"
	session := []string{"AWS_ACCESS_KEY_ID=AKID", "AWS_SECRET_ACCESS_KEY=sec", "AWS_SESSION_TOKEN=tok", "AWS_CREDENTIAL_EXPIRATION=2026-11-21T06:50:31Z"}
	export := func(words ...string) []string { return append([]string{"configure", "export-credentials"}, words...) }
	hostile := []string{"AWS_ACCESS_KEY_ID=AKID", "AWS_SECRET_ACCESS_KEY=$(x)`y`\"'\\&;%z"}
	for _, c := range []terminalCase{
		{name: "static keys", config: static, args: export(), stdout: "{\n  \"Version\": 1,\n  \"AccessKeyId\": \"AKID\",\n  \"SecretAccessKey\": \"sec/ret+=\"\n}\n"},
		{name: "static keys, env", config: static, args: export("--format", "env"), stdout: "export AWS_ACCESS_KEY_ID=AKID\nexport AWS_SECRET_ACCESS_KEY=sec/ret+=\n"},
		{name: "process", env: session, args: export("--format", "process"),
			stdout: "{\n  \"Version\": 1,\n  \"AccessKeyId\": \"AKID\",\n  \"SecretAccessKey\": \"sec\",\n  \"SessionToken\": \"tok\",\n  \"Expiration\": \"2026-11-21T06:50:31+00:00\"\n}\n"},
		{name: "env", env: session, args: export("--format", "env"),
			stdout: "export AWS_ACCESS_KEY_ID=AKID\nexport AWS_SECRET_ACCESS_KEY=sec\nexport AWS_SESSION_TOKEN=tok\nexport AWS_CREDENTIAL_EXPIRATION=2026-11-21T06:50:31+00:00\n"},
		{name: "env-no-export", env: session, args: export("--format", "env-no-export"),
			stdout: "AWS_ACCESS_KEY_ID=AKID\nAWS_SECRET_ACCESS_KEY=sec\nAWS_SESSION_TOKEN=tok\nAWS_CREDENTIAL_EXPIRATION=2026-11-21T06:50:31+00:00\n"},
		{name: "powershell", env: session, args: export("--format", "powershell"),
			stdout: "$Env:AWS_ACCESS_KEY_ID=\"AKID\"\n$Env:AWS_SECRET_ACCESS_KEY=\"sec\"\n$Env:AWS_SESSION_TOKEN=\"tok\"\n$Env:AWS_CREDENTIAL_EXPIRATION=\"2026-11-21T06:50:31+00:00\"\n"},
		{name: "windows-cmd", env: session, args: export("--format", "windows-cmd"),
			stdout: "set AWS_ACCESS_KEY_ID=AKID\nset AWS_SECRET_ACCESS_KEY=sec\nset AWS_SESSION_TOKEN=tok\nset AWS_CREDENTIAL_EXPIRATION=2026-11-21T06:50:31+00:00\n"},
		{name: "fish", env: session, args: export("--format", "fish"),
			stdout: "set -gx AWS_ACCESS_KEY_ID \"AKID\"\nset -gx AWS_SECRET_ACCESS_KEY \"sec\"\nset -gx AWS_SESSION_TOKEN \"tok\"\nset -gx AWS_CREDENTIAL_EXPIRATION \"2026-11-21T06:50:31+00:00\"\n"},
		{name: "--query and --output do nothing", config: static, args: export("--format", "env", "--query", "x", "--output", "text"), stdout: "export AWS_ACCESS_KEY_ID=AKID\nexport AWS_SECRET_ACCESS_KEY=sec/ret+=\n"},
		{name: "an expiry that is no date", env: append(session[:3:3], "AWS_CREDENTIAL_EXPIRATION=soon"), args: export("--format", "env-no-export"), stdout: "AWS_ACCESS_KEY_ID=AKID\nAWS_SECRET_ACCESS_KEY=sec\nAWS_SESSION_TOKEN=tok\n"},
		{name: "an expiry with another offset", env: append(session[:2:2], "AWS_CREDENTIAL_EXPIRATION=2026-11-21T08:50:31+02:00"), args: export("--format", "env-no-export"),
			stdout: "AWS_ACCESS_KEY_ID=AKID\nAWS_SECRET_ACCESS_KEY=sec\nAWS_CREDENTIAL_EXPIRATION=2026-11-21T06:50:31+00:00\n"},
		{name: "an unknown format", config: static, args: export("--format", "csh"), code: 252, stderr: "Found invalid choice 'csh' (choose from process, env, env-no-export, powershell, windows-cmd, fish)"},
		{name: "nothing", args: export(), code: 253, stderr: "An error occurred (Configuration): Unable to retrieve credentials: no credentials found"},
		{name: "half a key", env: session[:1], args: export(), code: 253, stderr: "Unable to retrieve credentials: Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY"},
		{name: "no such profile", args: export("--profile", "nope"), code: 255, stderr: "The config profile (nope) could not be found"},

		{name: "hostile, powershell", env: hostile, args: export("--format", "powershell"), stdout: "$Env:AWS_ACCESS_KEY_ID=\"AKID\"\n$Env:AWS_SECRET_ACCESS_KEY=\"`$(x)``y```\"'\\&;%z\"\n"},
		{name: "typographic quotes, powershell", env: []string{"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=\u201dx"}, args: export("--format", "powershell"), stdout: "$Env:AWS_ACCESS_KEY_ID=\"a\"\n$Env:AWS_SECRET_ACCESS_KEY=\"`\u201dx\"\n"},
		{name: "hostile, fish", env: hostile, args: export("--format", "fish"), stdout: "set -gx AWS_ACCESS_KEY_ID \"AKID\"\nset -gx AWS_SECRET_ACCESS_KEY \"\\$(x)`y`\\\"'\\\\&;%z\"\n"},
		{name: "hostile, cmd", env: hostile, args: export("--format", "windows-cmd"), code: 255, stderr: "AWS_SECRET_ACCESS_KEY holds a character that nothing protects from cmd.exe"},
		{name: "cmd's operators", env: []string{"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=x&y|z^<>"}, args: export("--format", "windows-cmd"), stdout: "set AWS_ACCESS_KEY_ID=a\nset AWS_SECRET_ACCESS_KEY=x^&y^|z^^^<^>\n"},
		{name: "a control character", env: []string{"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=x\ny"}, args: export("--format", "env"), code: 255, stderr: "AWS_SECRET_ACCESS_KEY holds a control character"},
		{name: "a control character in JSON", env: []string{"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=x\ny"}, args: export(), stdout: "{\n  \"Version\": 1,\n  \"AccessKeyId\": \"a\",\n  \"SecretAccessKey\": \"x\\ny\"\n}\n"},
	} {
		t.Run(c.name, c.run)
	}
}

func TestProfileChain(t *testing.T) {
	config := "[default]\naws_access_key_id = a\naws_secret_access_key = b\n[profile bar]\naws_access_key_id = a\naws_secret_access_key = b\n[profile bar,baz]\naws_access_key_id = a\naws_secret_access_key = b\n"
	for _, c := range []struct {
		name, chain, profile string
		code                 int
		stderr               string
	}{
		{"none", "", "bar", 0, ""},
		{"a loop", "foo,bar,baz", "bar", 253, "An error occurred (Configuration): Unable to retrieve credentials: Credential process resolution detected an infinite loop, profile cycle: foo -> bar -> baz -> bar"},
		{"a loop of itself", "bar", "bar", 253, "Credential process resolution detected an infinite loop, profile cycle: bar -> bar"},
		{"a comma in a name", "foo,bar,baz", "bar,baz", 0, ""},
		{"a comma in a name, a loop", `foo,"bar,baz"`, "bar,baz", 253, "profile cycle: foo -> bar,baz -> bar,baz"},
		{"the default profile", "default", "", 253, "profile cycle: default -> default"},
		{"three before", "a,b,c", "bar", 0, ""},
		{"four before", "a,b,c,d", "bar", 253, "Maximum recursive credential process resolution reached (4).\nProfiles seen: a -> b -> c -> d"},
	} {
		for _, command := range [][]string{{"configure", "export-credentials", "--format", "env"}, {"credential-process"}} {
			t.Run(c.name+" "+command[0], func(t *testing.T) {
				stdout := "export AWS_ACCESS_KEY_ID=a\nexport AWS_SECRET_ACCESS_KEY=b\n"
				if command[0] == "credential-process" {
					stdout = "{\n  \"Version\": 1,\n  \"AccessKeyId\": \"a\",\n  \"SecretAccessKey\": \"b\"\n}\n"
				}
				if c.code != 0 {
					stdout = ""
				}
				terminalCase{config: config, env: []string{"_AWS_CLI_PROFILE_CHAIN=" + c.chain}, args: append(command, "--profile", c.profile),
					code: c.code, stdout: stdout, stderr: strings.TrimPrefix(c.stderr, "An error occurred (Configuration): Unable to retrieve credentials: ")}.run(t)
			})
		}
	}
}

// What is printed for a shell sets the variables to what they are, whatever they
// hold, and does nothing else.
func TestPastedLinesOnlySetVariables(t *testing.T) {
	t.Parallel()
	for _, shell := range []struct {
		format  string
		command []string
	}{
		{"env", []string{"sh"}}, {"env", []string{"bash"}}, {"env", []string{"zsh"}}, {"env-no-export", []string{"sh"}},
		{"fish", []string{"fish"}}, {"powershell", []string{"pwsh", "-NoProfile", "-Command", "-"}},
	} {
		t.Run(shell.command[0]+" "+shell.format, func(t *testing.T) {
			path, err := exec.LookPath(shell.command[0])
			if err != nil {
				t.Skipf("%s is not installed", shell.command[0])
			}
			portico, err := exec.LookPath("portico")
			if err != nil {
				t.Fatal(err)
			}
			home := t.TempDir()
			for i, value := range []string{"plain/+=", "$(touch pwned)", "`touch pwned`", `"; touch pwned; "`, "'; touch pwned; '", `\"$HOME\\`, "a b\u201d; touch pwned", "=ls", "~", "*", "#x", "!x", "(touch pwned)", "%PATH%", "a&b|c;d", "\\"} {
				export := exec.CommandContext(t.Context(), portico, "configure", "export-credentials", "--format", shell.format)
				export.Env = []string{"HOME=" + home, "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=" + value, atOnce}
				lines, err := export.Output()
				if err != nil {
					t.Fatal(err)
				}
				print := "printf '<%s>' \"$AWS_SECRET_ACCESS_KEY\"\n"
				if shell.format == "powershell" {
					print = "[Console]::Write(\"<$($Env:AWS_SECRET_ACCESS_KEY)>\")\n"
				}
				run := exec.CommandContext(t.Context(), path, shell.command[1:]...)
				run.Dir, run.Env = home, []string{"HOME=" + home, "PATH=" + os.Getenv("PATH")}
				run.Stdin = strings.NewReader(string(lines) + print)
				out, err := run.CombinedOutput()
				if want := "<" + value + ">"; err != nil || string(out) != want {
					t.Errorf("%d: got %q (%v), want %q from\n%s", i, out, err, want, lines)
				}
			}
			if _, err := os.Stat(filepath.Join(home, "pwned")); err == nil {
				t.Error("a value was run")
			}
		})
	}
}
