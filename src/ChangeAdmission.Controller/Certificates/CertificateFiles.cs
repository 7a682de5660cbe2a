namespace ChangeAdmission.Controller.Certificates;

/// <summary>
/// Serves a certificate that somebody else provides (cert-manager, a mounted Secret): <c>tls.crt</c> and <c>tls.key</c> of a directory, and
/// publishes <c>ca.crt</c> where that is there and nobody else does. Changed files are in use within seconds; damaged ones are not used.
/// </summary>
internal sealed partial class CertificateFiles(ControllerOptions options, ServingCertificate serving, TimeProvider time, ILogger<CertificateFiles> logger)
    : BackgroundService
{
    // The kubelet replaces mounted files by moving links, which notifications of the file system do not tell reliably.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        string? reported = null;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (Load())
                {
                    LogServing(logger, serving.NotAfter!.Value);
                }

                reported = null;
            }
            catch (Exception e)
            {
                // Half written, damaged, gone: what is served stays what it is. Said once, not every two seconds.
                if (reported != e.Message)
                {
                    LogProblem(logger, options.CertificateFiles!, e.Message, serving.Context is null ? "there is nothing to serve yet" : "the last good one is served on");
                    reported = e.Message;
                }
            }

            await Task.Delay(Interval, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private bool Load()
    {
        var authority = Path.Combine(options.CertificateFiles!, "ca.crt");
        return serving.Use(
            File.ReadAllText(Path.Combine(options.CertificateFiles!, "tls.crt")),
            File.ReadAllText(Path.Combine(options.CertificateFiles!, "tls.key")),
            options.IsCaPublishedElsewhere || !File.Exists(authority) ? null : File.ReadAllText(authority));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Serving with a certificate that is valid until {NotAfter:u}")]
    private static partial void LogServing(ILogger logger, DateTimeOffset notAfter);

    [LoggerMessage(Level = LogLevel.Error, Message = "The certificate in {Directory} cannot be used ({Problem}): {Consequence}")]
    private static partial void LogProblem(ILogger logger, string directory, string problem, string consequence);
}
