namespace ChangeAdmission.Cli;

/// <summary>Where a command reads and writes; the tests bring their own.</summary>
/// <param name="IsOutputRedirected">Whether another program reads the output.</param>
internal sealed record Terminal(Stream In, TextWriter Out, TextWriter Error, bool IsOutputRedirected);

/// <summary>The exit codes of every command.</summary>
internal static class ExitCode
{
    public const int Yes = 0;
    public const int BadInput = 2;
}
