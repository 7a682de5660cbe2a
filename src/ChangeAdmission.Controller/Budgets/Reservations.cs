using ChangeAdmission.Core;
using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Controller.Budgets;

/// <summary>
/// Writes an admitted rollout down before it is admitted, in every ledger concerned: the namespace's first, then those of policies
/// that count over all their namespaces. All are looked at before any is written, so that a limit that is used up leaves nothing
/// behind.
/// </summary>
internal sealed class Reservations(LedgerStore ledgers, TimeProvider time)
{
    /// <summary>No rollout waits longer for its ledgers; the API server waits 5 s for all of us.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(2);

    /// <summary>What came of it, in the first ledger that says no, or in all.</summary>
    /// <exception cref="OperationCanceledException">Out of time.</exception>
    /// <exception cref="LedgerException">A ledger is full or damaged.</exception>
    public async Task<ReservationResult> ReserveAsync(Decision decision, Rollout rollout, IReadOnlyList<ChangePolicy> policies, CancellationToken ct)
    {
        using var deadline = new CancellationTokenSource(Deadline, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        List<ChangePolicy> counting = [.. policies.Where(p => rollout.Counts && p.RateLimits.Any(l => l.Per == RateLimitScope.Policy))];
        foreach (var policy in counting)
        {
            if (ledgers.Known(ledgers.OfPolicy(policy.Name)) is { } known && Ask(known, rollout, policy) is var answer and not ReservationResult.Reserved)
            {
                return answer;
            }
        }

        var ns = LedgerStore.OfNamespace(rollout.Workload.Namespace);
        var (presentation, under) = (decision.Change.Presentation, decision.PresentedUnder);
        var narrow = await ledgers.ChangeAsync(
            ns,
            l => Written(l, l.Reserve(rollout, policies, isPolicyLedger: false, time.GetUtcNow(), presentation: presentation, presentedUnder: under)),
            linked.Token,
            reserves: true).ConfigureAwait(false);
        if (narrow is not ReservationResult.Reserved { Entry: var entry } reserved)
        {
            return narrow;
        }

        foreach (var policy in counting)
        {
            var wide = await ledgers.ChangeAsync(
                ledgers.OfPolicy(policy.Name),
                l => Written(l, l.Reserve(rollout, [policy], isPolicyLedger: true, time.GetUtcNow(), entry.Key)),
                linked.Token,
                reserves: true).ConfigureAwait(false);
            if (wide is not ReservationResult.Reserved { Uses: var uses })
            {
                // Another replica was quicker since we looked. What we wrote is not taken back: a second call for the same write may
                // have been admitted by it. The operator releases it.
                return wide;
            }

            reserved = reserved with { Uses = [.. reserved.Uses, .. uses] };
        }

        return reserved;
    }

    /// <summary>
    /// Remembers that a rejected change was presented as AI-assisted, before anybody learns of the rejection. What is known already is
    /// not written again.
    /// </summary>
    /// <exception cref="OperationCanceledException">Out of time.</exception>
    /// <exception cref="LedgerException">The ledger is full or damaged.</exception>
    public async Task RememberAsync(Decision decision, CancellationToken ct)
    {
        using var deadline = new CancellationTokenSource(Deadline, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        var ns = LedgerStore.OfNamespace(decision.Change.Workload.Namespace);
        if (decision.Change.Presentation is { } presentation
            && (ledgers.Known(ns) is not { } known || !ReferenceEquals(known.Remember(presentation, decision.PresentedUnder, time.GetUtcNow()), known)))
        {
            await ledgers.ChangeAsync(ns, l => (l.Remember(presentation, decision.PresentedUnder, time.GetUtcNow()), true), linked.Token, reserves: true).ConfigureAwait(false);
        }
    }

    /// <summary>The limits as they stand, as far as is known here: what a dry run is told. Nothing is written.</summary>
    public IReadOnlyList<LimitUse> Preview(Rollout rollout, IReadOnlyList<ChangePolicy> policies)
    {
        var narrow = ledgers.Known(LedgerStore.OfNamespace(rollout.Workload.Namespace))?.Reserve(rollout, policies, isPolicyLedger: false, time.GetUtcNow());
        var wide = policies.Select(p => ledgers.Known(ledgers.OfPolicy(p.Name)) is { } ledger ? Ask(ledger, rollout, p) : null);
        return [.. wide.Prepend(narrow).OfType<ReservationResult.Reserved>().SelectMany(r => r.Uses)];
    }

    private ReservationResult Ask(RolloutLedger ledger, Rollout rollout, ChangePolicy policy) =>
        ledger.Reserve(rollout, [policy], isPolicyLedger: true, time.GetUtcNow());

    private static (RolloutLedger Ledger, ReservationResult Answer) Written(RolloutLedger before, ReservationResult result) =>
        (result is ReservationResult.Reserved(var after, _, _) ? after : before, result);
}
