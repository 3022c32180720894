#requires -Version 7.2
<#
Runs Exchange Online's cmdlets for eStudent: one JSON object a line comes in, one goes out.

  {"id":1,"cmdlet":"Set-Mailbox","parameters":{"Identity":"…","EmailAddresses":{"Add":["smtp:…"]}}}
  {"id":1,"objects":[…]}   or   {"id":1,"kind":"ManagementObjectNotFoundException","words":"…"}

The first line out has id 0 and says whether the connection stands. Input that ends ends the process.
Nothing but these lines is written to the output; the words of an error may name people, so whoever reads them keeps no log.
#>
param(
    [Parameter(Mandatory)] [string] $AppId,
    [Parameter(Mandatory)] [string] $Organization,
    [Parameter(Mandatory)] [string] $CertificateFile
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$WarningPreference = 'SilentlyContinue'
$InformationPreference = 'SilentlyContinue'
$allowed = @('Get-Mailbox', 'Set-Mailbox')

function Write-Answer([hashtable] $Answer) {
    [Console]::Out.WriteLine((ConvertTo-Json -InputObject $Answer -Compress -Depth 5))
    [Console]::Out.Flush()
}

function Write-Failure([int] $Id, $Record) {
    # Errors of the module carry Exchange's own exception in their id, e.g. "[Server=…],ManagementObjectNotFoundException,Set-Mailbox".
    $kind = "$($Record.FullyQualifiedErrorId) $($Record.Exception.GetType().Name)"
    Write-Answer @{ id = $Id; kind = $kind; words = "$($Record.Exception.Message)" }
}

try {
    [Console]::InputEncoding = [Console]::OutputEncoding = [System.Text.UTF8Encoding]::new($false)
    Import-Module ExchangeOnlineManagement -MinimumVersion 3.4.0
    $certificate = [System.Security.Cryptography.X509Certificates.X509Certificate2]::CreateFromPemFile($CertificateFile, $CertificateFile)
    Connect-ExchangeOnline -AppId $AppId -Organization $Organization -Certificate $certificate `
        -CommandName $allowed -ShowBanner:$false -SkipLoadingFormatData
    Write-Answer @{ id = 0; objects = @() }
}
catch {
    Write-Failure 0 $_
    exit 1
}

try {
    while ($null -ne ($line = [Console]::In.ReadLine())) {
        $asked = ConvertFrom-Json -InputObject $line -AsHashtable
        try {
            if ($asked.cmdlet -notin $allowed) { throw [System.Management.Automation.CommandNotFoundException]::new($asked.cmdlet) }
            $parameters = $asked.parameters
            # A cmdlet that asks back would wait for an answer that nobody gives.
            if ($asked.cmdlet -eq 'Set-Mailbox') { $parameters['Confirm'] = $false }
            $cmdlet = $asked.cmdlet
            $objects = @(& $cmdlet @parameters | ForEach-Object {
                @{ ExternalDirectoryObjectId = "$($_.ExternalDirectoryObjectId)"; EmailAddresses = @($_.EmailAddresses | ForEach-Object { "$_" }) }
            })
            Write-Answer @{ id = $asked.id; objects = $objects }
        }
        catch {
            Write-Failure $asked.id $_
        }
    }
}
finally {
    Disconnect-ExchangeOnline -Confirm:$false
}
