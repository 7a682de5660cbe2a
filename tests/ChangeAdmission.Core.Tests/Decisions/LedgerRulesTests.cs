using ChangeAdmission.Core.Approvals;
using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Core.Tests.Decisions;

/// <summary>The rules that look at the ledger, the clock and the freezes.</summary>
public sealed class LedgerRulesTests
{
    private static readonly RateLimit OneAnHour = new() { Name = "per-workload", Per = RateLimitScope.Workload, Rollouts = 1, Window = TimeSpan.FromHours(1) };
    private static readonly RateLimit OneADay = new() { Name = "everywhere", Per = RateLimitScope.Policy, Rollouts = 1, Window = TimeSpan.FromHours(24) };
    private static readonly ChangeFreeze Freeze = new()
    {
        Name = "black-friday",
        Reason = "trading",
        Times = new FreezeTimes.Once(null, Cluster.Noon.AddHours(5)),
    };

    [Fact]
    public void A_limit_that_is_used_up_is_told_beside_the_missing_approval()
    {
        var decision = With(Charged(OneAnHour)).Decide(A.Rollout.DeclaredAIAssisted(), A.Policy with { RateLimits = [OneAnHour] });

        decision.Reasons().Should().Equal(Reason.ApprovalMissing, Reason.RateLimited);
    }

    [Fact]
    public void A_limit_of_the_policy_is_looked_up_in_its_own_ledger()
    {
        var cluster = With(RolloutLedger.Empty) with { PolicyLedger = Charged(OneADay) };

        cluster.Decide(A.Rollout, A.Policy with { RateLimits = [OneADay] }).ShouldBeRejected(Reason.RateLimited).Detail.Should().StartWith("everywhere allows 1 rollout in 24h");
        cluster.Asked.Should().Contain(new Question.PolicyLedger("critical"));
    }

    [Fact]
    public void What_is_admitted_says_what_to_write_down()
    {
        var request = A.Rollout.DeclaredAIAssisted().ApprovedBy("senior");

        new Cluster().Decide(request).Rollout.Should().BeEquivalentTo(new
        {
            request.Digest,
            Uid = "uid-1",
            Requester = "dev",
            Sort = RolloutSort.Regular,
            Approvers = new[] { new ApprovedBy("senior", ApprovalCarrier.Annotation) },
            Policies = new[] { new GoverningPolicy("critical", Provenance.AIAssisted) },
        });
        new Cluster().Decide(A.AnnotationWrite.DeclaredAIAssisted()).Rollout.Should().BeNull("nothing rolls out");
        new Cluster().DecideUnder(A.Rollout).Rollout.Should().BeNull("nobody governs it");
    }

    [Fact]
    public void A_rollback_passes_approval_limit_cooldown_and_freeze()
    {
        var request = A.Rollout.DeclaredAIAssisted();
        var policy = A.Policy with { RateLimits = [OneAnHour], CooldownAfterFailedRollout = TimeSpan.FromMinutes(15) };
        var history = new WorkloadHistory { Workload = request.Change.Workload, FailedAt = Cluster.Noon }
            .Learn(new KnownContent(request.Digest, IsAdmitted: true, IsGood: true));
        var cluster = With(Charged(OneAnHour).With(history)) with { Freezes = [Freeze] };

        cluster.Decide(request, policy).ShouldBeAdmitted().Rollout!.Sort.Should().Be(RolloutSort.Rollback);
        cluster.Decide(request, policy with { Rollback = RollbackTreatment.Govern }).Reasons()
            .Should().Equal(Reason.ApprovalMissing, Reason.RateLimited, Reason.Cooldown, Reason.Frozen);
        cluster.Decide(request, policy, policy with { Name = "strict", Rollback = RollbackTreatment.Govern }).IsAllowed
            .Should().BeFalse("one that governs rollbacks makes it a rollout like any other");
    }

    [Fact]
    public void Content_that_was_admitted_and_did_not_run_well_is_no_rollback()
    {
        var request = A.Rollout.DeclaredAIAssisted();
        var history = new WorkloadHistory { Workload = request.Change.Workload }.Learn(new KnownContent(request.Digest, IsAdmitted: true, IsGood: false));

        With(RolloutLedger.Empty.With(history)).Decide(request).ShouldBeRejected(Reason.ApprovalMissing);
    }

    [Fact]
    public void A_restart_of_what_was_admitted_needs_no_approval_and_of_anything_else_it_does()
    {
        var restart = A.AnnotationWrite.DeclaredAIAssisted().TemplateAnnotated("kubectl.kubernetes.io/restartedAt", "2026-03-02T12:00:00Z");
        var history = new WorkloadHistory { Workload = restart.Change.Workload }.Learn(new KnownContent(restart.Digest, IsAdmitted: true, IsGood: false));

        With(RolloutLedger.Empty.With(history)).Decide(restart).ShouldBeAdmitted().Rollout!.Sort.Should().Be(RolloutSort.Restart);
        new Cluster().Decide(restart).ShouldBeRejected(Reason.ApprovalMissing);
    }

    [Fact]
    public void After_a_failure_the_next_rollout_waits_for_the_cooldown_and_no_longer()
    {
        var history = new WorkloadHistory { Workload = A.Rollout.Change.Workload, FailedAt = Cluster.Noon.AddMinutes(-5) };
        var cluster = With(RolloutLedger.Empty.With(history));

        cluster.Decide(A.Rollout, A.Policy with { CooldownAfterFailedRollout = TimeSpan.FromMinutes(15) }).ShouldBeRejected(Reason.Cooldown)
            .Detail.Should().Be("the last rollout of this workload failed at 11:55:00Z; the next may follow at 12:10:00Z (in 10m), a rollback at once");
        cluster.Decide(A.Rollout, A.Policy with { CooldownAfterFailedRollout = TimeSpan.FromMinutes(5) }).ShouldBeAdmitted();
        cluster.Decide(A.Rollout).ShouldBeAdmitted();
    }

    [Fact]
    public void A_freeze_quotes_its_name_its_reason_and_its_end() =>
        (new Cluster() with { Freezes = [Freeze] }).Decide(A.Rollout.ApprovedBy("senior")).ShouldBeRejected(Reason.Frozen)
            .Detail.Should().Be("freeze \"black-friday\" (trading) holds rollouts until 2026-03-02T17:00:00Z (in 5h)");

    [Fact]
    public void A_freeze_of_ai_assisted_changes_leaves_others_alone()
    {
        var cluster = new Cluster() with { Freezes = [Freeze with { AppliesTo = ChangeSubset.AIAssisted }] };

        cluster.Decide(A.Rollout).ShouldBeAdmitted();
        cluster.Decide(A.Rollout.DeclaredAIAssisted().ApprovedBy("senior")).ShouldBeRejected(Reason.Frozen);
        cluster.Decide(A.Rollout, A.Policy with { Undeclared = UndeclaredMeaning.AIAssisted, ApprovalRequiredFor = ApprovalRequirement.None }).ShouldBeRejected(Reason.Frozen);
        (cluster with { Now = Cluster.Noon.AddHours(5) }).Decide(A.Rollout.DeclaredAIAssisted().ApprovedBy("senior")).ShouldBeAdmitted();
    }

    [Fact]
    public void A_freeze_that_cannot_be_read_is_on_and_says_so() =>
        (new Cluster() with { Freezes = [Freeze with { Times = new FreezeTimes.Unknown("spec.schedule: is wrong") }] }).Decide(A.Rollout)
            .ShouldBeRejected(Reason.Invalid).Detail.Should().Be("the freeze \"black-friday\" itself is invalid: spec.schedule: is wrong");

    [Fact]
    public void An_approval_that_nobody_guarded_does_not_count()
    {
        var request = A.Rollout.DeclaredAIAssisted().ApprovedBy("senior");
        var history = new WorkloadHistory { Workload = request.Change.Workload, UnguardedApprovals = [$"{request.Digest}/senior"] };

        With(RolloutLedger.Empty.With(history)).Decide(request).ShouldBeRejected(Reason.ApprovalInvalid).Detail.Should().Contain("before the namespace was governed");
    }

    private static Cluster With(RolloutLedger ledger) => new() { Ledger = ledger with { AdoptedAt = Cluster.Noon } };

    private static RolloutLedger Charged(RateLimit limit)
    {
        var rollout = new Cluster().Decide(A.Rollout.WithImage("payments:0")).Rollout!;
        var policy = A.Policy with { RateLimits = [limit] };
        return ((ReservationResult.Reserved)RolloutLedger.Empty.Reserve(rollout, [policy], limit.Per == RateLimitScope.Policy, Cluster.Noon.AddMinutes(-1))).Ledger;
    }
}
