using ChangeAdmission.Core.Policies;
using CsCheck;

namespace ChangeAdmission.Core.Tests.Decisions;

public sealed class DecisionTextTests
{
    [Fact]
    public void A_rejection_reads_as_the_contract_says()
    {
        var request = A.Rollout.DeclaredAIAssisted();

        DecisionText.Rejection(new Cluster().Decide(request, A.Policy, A.Policy with { Name = "strict" })).Should().Be(
            $"""
            Deployment shop/payments was not rolled out by policy "critical":
             - approval-missing: this change is AI-assisted and no senior has approved it
               next: a senior runs  kubectl annotate deployment/payments -n shop --overwrite changeadmission.io/senior-approval={request.Digest}/USERNAME
            and by policy "strict":
             - approval-missing: this change is AI-assisted and no senior has approved it
               next: a senior runs  kubectl annotate deployment/payments -n shop --overwrite changeadmission.io/senior-approval={request.Digest}/USERNAME
            change {request.Digest} requested by dev
            """);
    }

    [Fact]
    public void A_write_that_rolls_nothing_out_was_not_changed() =>
        DecisionText.Rejection(new Cluster().Decide(A.AnnotationWrite.Approving($"sha256:{new string('a', 64)}/senior")))
            .Should().StartWith("Deployment shop/payments was not changed by policy \"critical\":\n - approval-forged: ");

    [Fact]
    public void Whatever_people_write_a_warning_is_one_short_line_and_a_rejection_holds_nothing_a_terminal_acts_on() =>
        Gen.Select(Gen.String, Gen.String, Gen.String).Sample((user, approval, key) =>
        {
            var request = A.Rollout.DeclaredAIAssisted().By(user.Length == 0 ? "u" : user).Approved($"{approval}/senior").Annotated($"k{key}", approval);
            var warned = new Cluster().Decide(request, A.Policy with { Enforcement = Enforcement.Warn });
            var rejected = new Cluster().Decide(request);
            return DecisionText.Warnings(warned).All(w => w.Length < 240 && !w.Any(char.IsControl))
                && !DecisionText.Rejection(rejected).Any(c => char.IsControl(c) && c != '\n');
        });

    [Fact]
    public void Only_policies_that_warn_give_warnings()
    {
        var request = A.Rollout.DeclaredAIAssisted();

        DecisionText.Warnings(new Cluster().Decide(request, A.Policy with { Enforcement = Enforcement.Warn })).Should()
            .Equal("policy \"critical\" would reject: approval-missing: this change is AI-assisted and no senior has approved it");
        DecisionText.Warnings(new Cluster().Decide(request, A.Policy with { Enforcement = Enforcement.Audit })).Should().BeEmpty();
    }
}
