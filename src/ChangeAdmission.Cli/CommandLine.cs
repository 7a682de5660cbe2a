using System.CommandLine;
using ChangeAdmission.Cli.Commands;

namespace ChangeAdmission.Cli;

/// <summary>The commands of <c>kubectl change</c>.</summary>
internal static class CommandLine
{
    public static async Task<int> RunAsync(string[] args, Terminal terminal)
    {
        var root = new RootCommand("Changes to critical workloads: their digests. As `kubectl change` when it is on the PATH.")
        {
            DigestCommand.Create(terminal),
        };
        var parsed = root.Parse(args);
        var status = await parsed.InvokeAsync(new InvocationConfiguration { Output = terminal.Out, Error = terminal.Error }).ConfigureAwait(false);
        return parsed.Errors.Count > 0 ? ExitCode.BadInput : status;
    }
}
