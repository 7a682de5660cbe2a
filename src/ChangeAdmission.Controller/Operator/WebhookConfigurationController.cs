using System.Threading.Channels;
using ChangeAdmission.Controller.Certificates;
using ChangeAdmission.Controller.Governance;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Controller.Operator;

/// <summary>Runs the reconciler whenever one of the two configurations or the certificate changes, and again when it fails.</summary>
internal sealed partial class WebhookConfigurationController(
    ClusterState state, ServingCertificate serving, WebhookConfigurationReconciler reconciler, ILogger<WebhookConfigurationController> logger)
    : BackgroundService
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    // One waiting wake-up stands for any number of changes: the reconciler looks at the state, not at events.
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        state.ValidatingConfigurations.Changed += _ => _wake.Writer.TryWrite(true);
        state.MutatingConfigurations.Changed += _ => _wake.Writer.TryWrite(true);
        serving.Changed += () => _wake.Writer.TryWrite(true);
        await Task.WhenAll(state.ValidatingConfigurations.Synced, state.MutatingConfigurations.Synced).WaitAsync(stoppingToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
            var validating = await reconciler.ReconcileAsync(WebhookConfiguration.Validating, state.ValidatingConfiguration, ct).ConfigureAwait(false);
            var mutating = await reconciler.ReconcileAsync(WebhookConfiguration.Mutating, state.MutatingConfiguration, ct).ConfigureAwait(false);
            return validating is ReconcileResult.Again ? validating : mutating;
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
