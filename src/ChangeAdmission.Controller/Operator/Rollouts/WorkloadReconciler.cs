using ChangeAdmission.Controller.Budgets;
using ChangeAdmission.Controller.Governance;
using ChangeAdmission.Controller.Telemetry;
using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;
using ChangeAdmission.Kubernetes.Client;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Controller.Operator.Rollouts;

/// <summary>
/// Follows one governed workload: commits the reservations that it proves, writes a record of each rollout and how it ended, and
/// reports a rollout that nobody admitted. Each step reads what is and writes what is missing, so that after a crash, or on
/// another replica, it goes on where it was.
/// </summary>
internal sealed partial class WorkloadReconciler(
    OperatorState cluster,
    Governor governor,
    LedgerStore ledgers,
    ChangeRecords records,
    UnadmittedRollouts unadmitted,
    RolloutMetrics metrics,
    TimeProvider time)
{
    public async Task<ReconcileResult> ReconcileAsync(WorkloadReference key, CancellationToken ct)
    {
        List<ChangePolicy> policies = [.. governor.KnownPoliciesOf(key.Namespace).Select(p => p.Policy).Where(p => p.Workloads.Contains(key.Kind))];
        if (policies.Count == 0)
        {
            return ReconcileResult.Done.Instance;
        }

        var reference = LedgerStore.OfNamespace(key.Namespace);
        var ledger = ledgers.Known(reference) ?? await ledgers.ChangeAsync(reference, static l => (l, l), ct).ConfigureAwait(false);
        var workload = cluster.Find(key);
        if (workload is { Problem: null })
        {
            ledger = await ObserveAsync(reference, ledger, workload, policies, ct).ConfigureAwait(false);
        }

        await RecordAsync(reference, ledger, key, workload, ct).ConfigureAwait(false);
        await SettleAsync(reference, key, workload, ct).ConfigureAwait(false);
        return ReconcileResult.Done.Instance;
    }

    private async Task<RolloutLedger> ObserveAsync(
        LedgerReference reference, RolloutLedger ledger, WorkloadObject workload, IReadOnlyList<ChangePolicy> policies, CancellationToken ct)
    {
        var observation = ledger.Observe(workload.Seen, time.GetUtcNow());
        if (ReferenceEquals(observation.Ledger, ledger))
        {
            return ledger;
        }

        if (observation.IsUnadmitted)
        {
            // A reservation is stored before its rollout is, but what is held here may be older than the workload.
            ledger = await ledgers.ReadLiveAsync(reference, ct).ConfigureAwait(false);
            if (ledger.Observe(workload.Seen, time.GetUtcNow()).IsUnadmitted)
            {
                // Before the ledger takes note, after which it is news no more. Doing this twice does it once.
                await unadmitted.ReportAsync(workload, ledger.HistoryOf(workload.Seen.Workload), policies, ct).ConfigureAwait(false);
            }
        }

        var (after, committed) = await ledgers.ChangeAsync(
            reference,
            l =>
            {
                var seen = l.Observe(workload.Seen, time.GetUtcNow());
                return (seen.Ledger, (seen.Ledger, seen.Committed.Count));
            },
            ct).ConfigureAwait(false);
        if (committed > 0 && workload.PausedBy is not null)
        {
            await unadmitted.ResumeAsync(workload, ct).ConfigureAwait(false);
        }

        return after;
    }

    private async Task RecordAsync(LedgerReference reference, RolloutLedger ledger, WorkloadReference key, WorkloadObject? workload, CancellationToken ct)
    {
        List<LedgerEntry> missing =
            [.. ledger.Entries.Where(e => e.State == EntryState.Committed && !e.IsRecorded && e.Rollout.Workload == key)];
        if (missing.Count == 0)
        {
            return;
        }

        foreach (var entry in missing)
        {
            var images = workload?.Seen.Template == entry.Rollout.Template ? workload.Images : [];
            await records.CreateAsync(ChangeRecord.Of(entry, images), ct).ConfigureAwait(false);
        }

        var keys = missing.Select(e => e.Key).ToHashSet(StringComparer.Ordinal);
        await ledgers.ChangeAsync(reference, l => (l.Recorded(keys), true), ct).ConfigureAwait(false);
    }

    private async Task SettleAsync(LedgerReference reference, WorkloadReference key, WorkloadObject? workload, CancellationToken ct)
    {
        var recorded = cluster.RecordsOf(key);
        var outcomes = Outcomes.Of(recorded, workload?.Seen, workload?.Progress ?? RolloutProgress.Progressing);
        for (var i = 0; i < recorded.Count; i++)
        {
            var (record, outcome) = (recorded[i], outcomes[i]);
            if (record.Outcome == outcome && record.HasStatus)
            {
                continue;
            }

            var now = time.GetUtcNow();
            await ledgers.ChangeAsync(reference, l => (l.Learn(record, outcome, now), true), ct).ConfigureAwait(false);
            await records.SettleAsync(record, outcome, now, ct).ConfigureAwait(false);
            if (outcome != RolloutOutcome.Progressing)
            {
                metrics.CountOutcome(record, outcome);
            }
        }
    }
}
