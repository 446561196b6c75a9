# portico's hook for PowerShell: a profile for this shell, see "@name@ use --help".
function global:@name@ {
    $program = (Get-Command -CommandType Application -Name @program@ | Select-Object -First 1).Source
    if ($args.Count -eq 0 -or $args[0] -ne 'use') {
        if ($MyInvocation.ExpectingInput) { $input | & $program @args } else { & $program @args }
        return
    }
    $env:PORTICO_HOOK = 'pwsh'
    try { $said = @(& $program @args) } finally { Remove-Item -ErrorAction Ignore Env:PORTICO_HOOK }
    if ($said.Count -gt 0 -and $said[0] -like '# portico use*') { Invoke-Expression ($said -join "`n") } else { $said }
}
# Whoever says "use --global" writes the file: a stamp, and the profile.
function global:PorticoFollow {
    $stamp = '0'; $chosen = ''
    if ([IO.File]::Exists(@file@)) {
        $lines = [IO.File]::ReadAllLines(@file@)
        if ($lines.Length -gt 0) { $stamp = $lines[0] }
        if ($lines.Length -gt 1) { $chosen = $lines[1] }
    }
    if ($stamp -eq $env:PORTICO_GLOBAL) { return }
    $new = -not $env:PORTICO_GLOBAL
    $env:PORTICO_GLOBAL = $stamp
    if ($stamp -eq '0' -or $env:PORTICO_PROFILE -or $env:PORTICO_ROLE -or $env:AWS_ACCESS_KEY_ID -or ($new -and $env:AWS_PROFILE)) { return }
    if (-not $new) { $env:PORTICO_PREVIOUS_PROFILE = "$env:AWS_PROFILE" }
    Remove-Item -ErrorAction Ignore Env:AWS_DEFAULT_PROFILE
    Remove-Item -ErrorAction Ignore Env:AWS_PROFILE
    if ($chosen) { $env:AWS_PROFILE = $chosen } else { $chosen = 'no profile' }
    if (-not $new) { [Console]::Error.WriteLine("@name@: this shell uses $chosen now") }
}
if (-not $global:PorticoPromptBelow) {
    $global:PorticoPromptBelow = $function:prompt
    $global:PorticoSegment = { '' }
    function global:prompt { PorticoFollow; (& $global:PorticoSegment) + (& $global:PorticoPromptBelow) }
}
PorticoFollow
