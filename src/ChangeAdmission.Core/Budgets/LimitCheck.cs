using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Core.Budgets;

/// <summary>How much of one limit is used, from the point of view of one rollout.</summary>
/// <param name="Policy">Whose limit.</param>
/// <param name="Used">Entries in the window that count.</param>
/// <param name="Unseen">How many of these nobody has seen persisted yet; some may come back.</param>
/// <param name="NextSlot">When the next rollout fits; null while one fits now.</param>
public sealed record LimitUse(string Policy, RateLimit Limit, int Used, int Unseen, DateTimeOffset? NextSlot)
{
    public bool IsUsedUp => NextSlot is not null;

    /// <summary>Whether admitting one more takes the last slot.</summary>
    public bool IsLastSlot => Used + 1 == Limit.Rollouts;
}

/// <summary>
/// Counts a sliding window, exactly (<see cref="LedgerEntry.Leaves"/>). Used by the rule that words the rejection and, on the very
/// version of the ledger that is written, by the reservation.
/// </summary>
public static class LimitCheck
{
    /// <summary>Every limit of the policy that holds this rollout up and is counted in a ledger of this scope.</summary>
    public static IEnumerable<LimitUse> Of(RolloutLedger ledger, Rollout rollout, ChangePolicy policy, bool isPolicyLedger, DateTimeOffset now)
    {
        // An exempt rollback or a break-glass is never held up, and a policy is silent about kinds that it does not list.
        if (!rollout.Counts || !policy.Workloads.Contains(rollout.Workload.Kind))
        {
            return [];
        }

        return policy.RateLimits
            .Where(l => (l.Per == RateLimitScope.Policy) == isPolicyLedger)
            .Where(l => l.AppliesToProvenance(rollout.ProvenanceUnder(policy.Name), policy.Undeclared))
            .Select(l => Use(ledger, rollout, policy, l, now));
    }

    /// <summary>Whether the entry counts towards the limit while it lies in the window.</summary>
    public static bool Counts(LedgerEntry entry, ChangePolicy policy, RateLimit limit) =>
        entry.Rollout.Counts
        && policy.Workloads.Contains(entry.Rollout.Workload.Kind)
        && limit.AppliesToProvenance(entry.Rollout.ProvenanceUnder(policy.Name), policy.Undeclared);

    private static LimitUse Use(RolloutLedger ledger, Rollout rollout, ChangePolicy policy, RateLimit limit, DateTimeOffset now)
    {
        now = ledger.TimeOf(now);
        List<LedgerEntry> counted =
        [
            .. ledger.Entries.Where(e =>
                e.Leaves(limit.Window) > now
                && Counts(e, policy, limit)
                && (limit.Per != RateLimitScope.Workload || e.Rollout.Workload == rollout.Workload)),
        ];

        // With more used than allowed (the limit was lowered), more than one must leave before the next fits.
        var leaving = counted.Count - limit.Rollouts;
        return new LimitUse(
            policy.Name,
            limit,
            counted.Count,
            counted.Count(e => e.State == EntryState.Reserved),
            leaving >= 0 ? counted.Select(e => e.Leaves(limit.Window)).Order().ElementAt(leaving) : null);
    }
}
