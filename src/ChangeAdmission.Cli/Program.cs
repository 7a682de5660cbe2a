using ChangeAdmission.Cli;

using var input = Console.OpenStandardInput();
return await CommandLine.RunAsync(args, new Terminal(input, Console.Out, Console.Error, Console.IsOutputRedirected)).ConfigureAwait(false);
