namespace ChangeAdmission.Controller;

/// <summary>
/// Told to end, a replica is not ready at once (<see cref="Readiness"/>), and answers on until every API server has heard of that. Only
/// then does the server take no more connections, and finishes what is in flight.
/// </summary>
internal sealed partial class Drain(ControllerOptions options, TimeProvider time, ILogger<Drain> logger) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Before any part of the process is stopped, the server among them.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        if (options.Drain > TimeSpan.Zero)
        {
            LogDraining(logger, options.Drain.TotalSeconds);
            await Task.Delay(options.Drain, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(Level = LogLevel.Information, Message = "Told to end: not ready any more, answering for another {Seconds} s")]
    private static partial void LogDraining(ILogger logger, double seconds);
}
