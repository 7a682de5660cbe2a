using System.Threading.Channels;
using ChangeAdmission.Controller.Governance;

namespace ChangeAdmission.Controller.Operator;

/// <summary>Runs the reconciler whenever the configuration changes, and again when it asks for that or fails.</summary>
internal sealed partial class WebhookConfigurationController(
    ClusterState state, WebhookConfigurationReconciler reconciler, ILogger<WebhookConfigurationController> logger)
    : BackgroundService
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    // One waiting wake-up stands for any number of changes: the reconciler looks at the state, not at events.
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        state.WebhookConfigurations.Changed += _ => _wake.Writer.TryWrite(true);
        await state.WebhookConfigurations.Synced.WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (!stoppingToken.IsCancellationRequested)
        {
            var result = await ReconcileAsync(stoppingToken).ConfigureAwait(false);
            var wait = result is ReconcileResult.Again(var after) ? after : Timeout.InfiniteTimeSpan;
            using var timer = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            timer.CancelAfter(wait);
            try
            {
                await _wake.Reader.ReadAsync(timer.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // Time to look again, or to stop.
            }
        }
    }

    private async Task<ReconcileResult> ReconcileAsync(CancellationToken ct)
    {
        try
        {
            return await reconciler.ReconcileAsync(state.WebhookConfiguration, ct).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return ReconcileResult.Done.Instance;
        }
        catch (Exception e)
        {
            // A reconciler that fails, for whatever reason, is asked again; it must not take the webhooks down with it.
            LogRetry(logger, e.Message);
            return new ReconcileResult.Again(Retry);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Cannot publish the CA in the webhook configuration: {Problem}; trying again in 1 s")]
    private static partial void LogRetry(ILogger logger, string problem);
}
