using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Core.Tests.Decisions;

/// <summary>The way past every rule opens once, for whoever may, and for nobody else.</summary>
public sealed class BreakGlassTests
{
    private const string Reason = "payments are down, INC-4711";

    private static readonly ChangeFreeze Freeze = new() { Name = "weekend", Reason = "nobody is in", Times = new FreezeTimes.Once(Cluster.Noon.AddHours(-1), null) };

    private readonly Cluster _cluster = new() { Freezes = [Freeze] };

    [Fact]
    public void A_holder_passes_every_rule_and_it_is_written_down_with_the_reason()
    {
        var invalid = new PolicyValidation(A.Policy, [new FieldError("spec.workloads", "is wrong")]);

        var decision = _cluster.DecideUnder(A.Rollout.DeclaredAIAssisted().By("oncall").BreakingTheGlass(Reason), invalid).ShouldBeAdmitted();

        decision.BreakGlass.Should().Be(new BreakGlass.Broken(Reason));
        decision.Rollout!.Sort.Should().Be(RolloutSort.BreakGlass);
        decision.Rollout.BreakGlassReason.Should().Be(Reason);
        decision.Rollout.Counts.Should().BeFalse();
        DecisionText.Warnings(decision).Should().ContainSingle().Which.Should().Contain("passes every rule");
    }

    [Fact]
    public void It_does_not_need_the_ledger_which_may_be_what_is_broken()
    {
        _cluster.Decide(A.Rollout.By("oncall").BreakingTheGlass(Reason)).ShouldBeAdmitted();

        _cluster.Asked.Should().Equal(new Question.MayBreakGlass("critical"));
    }

    [Fact]
    public void Without_the_verb_it_opens_nothing_and_is_no_offence_by_itself()
    {
        var rejected = _cluster.Decide(A.Rollout.BreakingTheGlass(Reason));
        rejected.ShouldBeRejected(Core.Reason.Frozen);
        DecisionText.Rejection(rejected).Should().Contain("\nbreak-glass did not count: \"dev\" lacks the verb breakglass on changepolicies.changeadmission.io/critical\n");

        new Cluster().Decide(A.Rollout.BreakingTheGlass(Reason)).ShouldBeAdmitted().Rollout!.Sort.Should().Be(RolloutSort.Regular);
    }

    [Fact]
    public void The_verb_is_needed_on_every_policy_that_governs()
    {
        var cluster = _cluster with { Breakers = new HashSet<string> { "oncall@a" } };
        var (a, b) = (A.Policy with { Name = "a" }, A.Policy with { Name = "b" });

        cluster.Decide(A.Rollout.By("oncall").BreakingTheGlass(Reason), a).ShouldBeAdmitted();
        Why(cluster.Decide(A.Rollout.By("oncall").BreakingTheGlass(Reason), a, b)).Should().EndWith("changepolicies.changeadmission.io/b");
        cluster.Decide(A.Rollout.By("oncall").BreakingTheGlass(Reason), a, b with { Workloads = [WorkloadKind.DaemonSet] }).ShouldBeAdmitted();
    }

    [Fact]
    public void A_reason_that_stood_there_before_opens_nothing()
    {
        Why(_cluster.Decide(A.Rollout.By("oncall").WithTheGlassBrokenBefore(Reason))).Should().Contain("stood there before this request");
        _cluster.Asked.OfType<Question.MayBreakGlass>().Should().BeEmpty();
    }

    [Theory]
    [InlineData("")]
    [InlineData("too short")]
    [InlineData("x          ")]
    public void One_word_is_no_reason(string reason) => Why(_cluster.Decide(A.Rollout.By("oncall").BreakingTheGlass(reason))).Should().Contain("10 to 1024");

    [Fact]
    public void Nor_is_a_novel() => Why(_cluster.Decide(A.Rollout.By("oncall").BreakingTheGlass(new string('x', 1025)))).Should().Contain("10 to 1024");

    [Fact]
    public void A_robot_that_holds_every_verb_breaks_nothing()
    {
        const string Robot = "system:serviceaccount:argo:argo";
        var cluster = _cluster with { Breakers = new HashSet<string> { Robot } };

        Why(cluster.Decide(A.Rollout.By(Robot).BreakingTheGlass(Reason))).Should().Contain("only people");
        cluster.Asked.OfType<Question.MayBreakGlass>().Should().BeEmpty();
    }

    [Fact]
    public void It_plants_no_approval() => _cluster.Decide(
        A.Rollout.By("oncall").BreakingTheGlass(Reason).Approving($"{A.Rollout.Digest}/senior")).ShouldBeRejected(Core.Reason.ApprovalForged);

    [Fact]
    public void A_write_that_rolls_nothing_out_breaks_nothing()
    {
        _cluster.Decide(A.AnnotationWrite.By("oncall").BreakingTheGlass(Reason)).BreakGlass.Should().Be(BreakGlass.Untouched.Instance);
        _cluster.Asked.Should().BeEmpty();
    }

    [Fact]
    public void Content_that_nobody_can_read_is_not_let_through() =>
        Why(_cluster.Decide(A.Rollout.By("oncall").WithTemplate("""{"spec":{"containers":[{"name":"\ud800"}]}}""").BreakingTheGlass(Reason))).Should().Contain("cannot be read");

    private static string Why(Decision decision)
    {
        decision.IsAllowed.Should().BeFalse();
        return decision.BreakGlass.Should().BeOfType<BreakGlass.Whole>().Subject.Why;
    }
}
