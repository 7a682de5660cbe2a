using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Core.Budgets;

/// <summary>Rollback is the safe direction: back to content that this workload has already run well.</summary>
public static class Rollbacks
{
    /// <summary>So many exempt rollbacks of one workload an hour; more is flapping, and governed.</summary>
    public const int MaxExempt = 3;

    /// <summary>In which exempt rollbacks are counted.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromHours(1);

    /// <summary>Whether going from what runs to this content is a rollback at all.</summary>
    public static bool IsRollback(RolloutLedger ledger, WorkloadReference workload, ChangeDigest from, ChangeDigest to) =>
        !from.IsDefault && from != to && ledger.HistoryOf(workload).Find(to) is { IsGood: true };

    /// <summary>Whether the workload has exempt rollbacks left.</summary>
    public static bool HasExempt(RolloutLedger ledger, WorkloadReference workload, DateTimeOffset now)
    {
        now = ledger.TimeOf(now);
        return ledger.Entries.Count(e => e.Rollout.Sort == RolloutSort.Rollback && e.Rollout.Workload == workload && e.Leaves(Window) > now) < MaxExempt;
    }
}
