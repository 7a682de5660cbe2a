using System.ComponentModel;
using System.Diagnostics;

namespace ChangeAdmission.EndToEnd.Cluster;

/// <summary>What came of a program.</summary>
internal sealed record Finished(string Command, int ExitCode, string Output, string Error)
{
    public override string ToString() => $"$ {Command}\n{Output}{Error}(exit status {ExitCode})";
}

/// <summary>Runs a program to its end, or to a deadline.</summary>
internal static class Shell
{
    public static async Task<Finished> RunAsync(
        string program,
        IReadOnlyList<string> arguments,
        TimeSpan timeout,
        string? input = null,
        IReadOnlyDictionary<string, string?>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }

        var command = $"{Path.GetFileName(program)} {string.Join(' ', arguments)}";
        using var process = Process.Start(start) ?? throw new Win32Exception($"{program} did not start");
        using var deadline = new CancellationTokenSource(timeout);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
            var error = process.StandardError.ReadToEndAsync(deadline.Token);
            await WriteAsync(process, input);
            await process.WaitForExitAsync(deadline.Token);
            return new Finished(command, process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{command} did not end within {timeout.TotalSeconds} s");
        }
    }

    private static async Task WriteAsync(Process process, string? input)
    {
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The program ended without reading; its exit status and words tell why.
        }
    }
}
