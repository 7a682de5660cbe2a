using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Kubernetes.Client;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Controller.Operator.Rollouts;

/// <summary>Writes records. Their names follow from their content, so that each of these may be done twice.</summary>
internal sealed class ChangeRecords(KubernetesApi api)
{
    public async Task CreateAsync(ChangeRecord record, CancellationToken ct)
    {
        try
        {
            await api.CreateAsync(
                ChangeRecord.PathOf(record.Metadata.Namespace!), record, ResourcesJson.Default.ChangeRecord, ResourcesJson.Default.PartialObject, ct)
                .ConfigureAwait(false);
        }
        catch (KubernetesApiException e) when (e.IsConflict)
        {
            // It is there already.
        }
        catch (KubernetesApiException e) when (e.IsNotFound || e.Reason == "Forbidden" && e.Message.Contains("being terminated", StringComparison.Ordinal))
        {
            // The namespace goes away, and its history with it.
        }
    }

    public async Task SettleAsync(RecordedRollout record, RolloutOutcome outcome, DateTimeOffset now, CancellationToken ct)
    {
        var status = new ChangeRecordStatusPatch(new ChangeRecordStatus
        {
            Outcome = outcome,
            Finished = outcome == RolloutOutcome.Progressing ? null : now,
            Message = Message(outcome),
        });
        try
        {
            await api.MergePatchAsync(
                ChangeRecord.PathOf(record.Namespace, record.Name) + "/status", status, ResourcesJson.Default.ChangeRecordStatusPatch, ct).ConfigureAwait(false);
        }
        catch (KubernetesApiException e) when (e.IsNotFound)
        {
            // Retention was quicker.
        }
    }

    public async Task DeleteAsync(RecordedRollout record, CancellationToken ct)
    {
        try
        {
            await api.DeleteAsync(ChangeRecord.PathOf(record.Namespace, record.Name), ct).ConfigureAwait(false);
        }
        catch (KubernetesApiException e) when (e.IsNotFound)
        {
            // It is gone already.
        }
    }

    private static string? Message(RolloutOutcome outcome) => outcome switch
    {
        RolloutOutcome.Failed => "the Deployment exceeded its progress deadline",
        RolloutOutcome.Superseded => "another rollout came before it was complete, or the workload was deleted",
        RolloutOutcome.RolledBack => $"it was rolled back within {Outcomes.RollbackMeansFailure.TotalMinutes} minutes",
        _ => null,
    };
}
