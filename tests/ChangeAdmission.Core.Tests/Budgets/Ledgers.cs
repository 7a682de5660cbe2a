using System.Globalization;
using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Core.Tests.Budgets;

/// <summary>The words in which the ledger's tests are written.</summary>
internal static class Ledgers
{
    public static readonly DateTimeOffset Noon = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);

    public static readonly WorkloadReference Payments = Named("payments");

    public static WorkloadReference Named(string name) => new("shop", WorkloadKind.Deployment, name);

    public static DateTimeOffset At(int seconds) => Noon.AddSeconds(seconds);

    /// <summary>A digest for each number.</summary>
    public static ChangeDigest Content(int number) =>
        ChangeDigest.TryParse($"sha256:{(number + 1).ToString("x64", CultureInfo.InvariantCulture)}", out var digest)
            ? digest
            : throw new ArgumentOutOfRangeException(nameof(number));

    public static ChangePolicy Policy(params RateLimit[] limits) => new() { Name = "critical", RateLimits = limits };

    public static RateLimit PerWorkload(int rollouts, int seconds) => Limit(RateLimitScope.Workload, rollouts, seconds);

    public static RateLimit PerNamespace(int rollouts, int seconds) => Limit(RateLimitScope.Namespace, rollouts, seconds);

    public static RateLimit PerPolicy(int rollouts, int seconds) => Limit(RateLimitScope.Policy, rollouts, seconds);

    public static RateLimit OfAIAssisted(this RateLimit limit) => limit with { AppliesTo = ChangeSubset.AIAssisted };

    public static Rollout Rollout(
        int from, int to, WorkloadReference? workload = null, string uid = "uid-1", long generation = 1, Provenance provenance = Provenance.Human) => new()
        {
            Workload = workload ?? Payments,
            Uid = uid,
            Digest = Content(to),
            PreviousDigest = Content(from),
            Template = new((ulong)to + 1),
            PreviousTemplate = new((ulong)from + 1),
            PreviousGeneration = generation,
            PreviousVersion = (ulong)generation,
            Requester = "dev",
            Policies = [new("critical", provenance)],
            Sort = from == to ? RolloutSort.Restart : RolloutSort.Regular,
        };

    public static Rollout Create(int content, WorkloadReference? workload = null, string uid = "uid-1") => Rollout(0, content, workload, uid) with
    {
        IsCreate = true,
        Sort = RolloutSort.Regular,
        PreviousDigest = default,
        PreviousTemplate = TemplateFingerprint.None,
        PreviousGeneration = 0,
        PreviousVersion = 0,
    };

    public static WorkloadSeen Seen(int content, long generation, WorkloadReference? workload = null, string uid = "uid-1", bool available = true) =>
        new(workload ?? Payments, uid, Content(content), new((ulong)content + 1), generation, available, []);

    public static RolloutLedger Running(int content, long generation = 1) => RolloutLedger.Empty.Adopt([Seen(content, generation)], Noon.AddDays(-1));

    public static RolloutLedger Charged(this RolloutLedger ledger, Rollout rollout, ChangePolicy policy, DateTimeOffset now) =>
        ledger.Reserve(rollout, [policy], isPolicyLedger: false, now) is ReservationResult.Reserved reserved
            ? reserved.Ledger
            : throw new InvalidOperationException("the ledger has no slot");

    public static ReservationResult Ask(this RolloutLedger ledger, Rollout rollout, ChangePolicy policy, DateTimeOffset now) =>
        ledger.Reserve(rollout, [policy], isPolicyLedger: false, now);

    private static RateLimit Limit(RateLimitScope per, int rollouts, int seconds) =>
        new() { Name = $"per-{per}", Per = per, Rollouts = rollouts, Window = TimeSpan.FromSeconds(seconds) };
}
