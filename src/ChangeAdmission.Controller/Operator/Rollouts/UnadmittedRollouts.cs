using ChangeAdmission.Controller.Telemetry;
using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;
using ChangeAdmission.Kubernetes.Client;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Controller.Operator.Rollouts;

/// <summary>
/// A rollout that nobody admitted came about while the webhook was away or the namespace was not governed. It is recorded and
/// reported; under <c>Pause</c> the Deployment is paused, until the next rollout that is admitted.
/// </summary>
internal sealed partial class UnadmittedRollouts(
    KubernetesApi api, ChangeRecords records, DecisionEvents events, RolloutMetrics metrics, TimeProvider time, ILogger<UnadmittedRollouts> logger)
{
    public async Task ReportAsync(WorkloadObject workload, WorkloadHistory before, IReadOnlyList<ChangePolicy> policies, CancellationToken ct)
    {
        var seen = workload.Seen;
        await records.CreateAsync(ChangeRecord.OfUnadmitted(workload, before, [.. policies.Select(p => p.Name)], time.GetUtcNow()), ct)
            .ConfigureAwait(false);
        var pauses = seen.Workload.Kind == WorkloadKind.Deployment
            && !workload.IsPaused
            && policies.Any(p => p.UnadmittedRollout == UnadmittedRolloutResponse.Pause);
        if (pauses)
        {
            await PatchAsync(workload, paused: true, seen.Digest.ToString(), ct).ConfigureAwait(false);
        }

        events.ReportUnadmitted(workload, pauses);
        metrics.CountUnadmitted(seen.Workload);
        LogUnadmitted(logger, seen.Workload.ToString(), seen.Digest.ToString(), pauses ? "; it is paused" : "");
    }

    /// <summary>Undoes the pause.</summary>
    public Task ResumeAsync(WorkloadObject workload, CancellationToken ct) => PatchAsync(workload, paused: false, null, ct);

    private async Task PatchAsync(WorkloadObject workload, bool paused, string? digest, CancellationToken ct)
    {
        var patch = new PausePatch(
            new PausePatchMetadata(new Dictionary<string, string?> { [WellKnown.PausedBy] = digest }), new PausePatchSpec(paused));
        try
        {
            await api.MergePatchAsync(WorkloadObject.PathOf(workload.Seen.Workload), patch, PausePatchJson.Default.PausePatch, ct).ConfigureAwait(false);
        }
        catch (KubernetesApiException e) when (e.IsNotFound)
        {
            // Deleted meanwhile: there is nothing left to pause.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Workload} runs change {Digest}, which nobody admitted{Paused}")]
    private static partial void LogUnadmitted(ILogger logger, string workload, string digest, string paused);
}
