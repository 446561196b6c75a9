$global:PorticoSegment = {
    if ($env:PORTICO_SHELL -or -not "$env:AWS_PROFILE$env:AWS_DEFAULT_PROFILE$env:PORTICO_PROFILE$env:PORTICO_ROLE") { return '' }
    $program = (Get-Command -CommandType Application -Name @program@ | Select-Object -First 1).Source
    $text = & $program prompt --shell pwsh 2>$null
    if ($text) { "$text " } else { '' }
}
