using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Core.Tests.Policies;

public sealed class PolicyValidatorTests
{
    [Fact]
    public void An_empty_spec_is_the_rule_of_the_house()
    {
        var validation = PolicyValidator.Validate("critical", null);

        validation.IsValid.Should().BeTrue();
        validation.Policy.Should().BeEquivalentTo(new ChangePolicy { Name = "critical" });
    }

    [Fact]
    public void Every_field_is_read()
    {
        var policy = PolicyValidator.Validate("p", new ChangePolicySpec
        {
            NamespaceSelector = new() { MatchLabels = new Dictionary<string, string> { ["tier"] = "gold" } },
            Workloads = ["StatefulSet", "DaemonSet"],
            Enforcement = "Warn",
            Provenance = new() { AiAssistedWhen = [new() { Annotation = "example.com/by", Values = ["bot"] }], Undeclared = "Reject" },
            Approval = new() { RequiredFor = "All", Count = 2, AllowSelfApproval = true, RequireAuthor = true },
        });

        policy.Errors.Should().BeEmpty();
        policy.Policy.Should().BeEquivalentTo(new
        {
            Workloads = new[] { WorkloadKind.StatefulSet, WorkloadKind.DaemonSet },
            Enforcement = Enforcement.Warn,
            Undeclared = UndeclaredMeaning.Reject,
            ApprovalRequiredFor = ApprovalRequirement.All,
            ApprovalCount = 2,
            AllowSelfApproval = true,
            RequireAuthor = true,
        });
        policy.Policy.AiAssistedWhen.Select(e => e.Annotation).Should().Equal("example.com/by", WellKnown.AIAssisted);
        policy.Policy.NamespaceSelector.Matches(new Dictionary<string, string> { ["tier"] = "gold" }).Should().BeTrue();
        policy.Policy.NamespaceSelector.Matches(new Dictionary<string, string>()).Should().BeFalse();
    }

    [Fact]
    public void All_that_is_wrong_is_said_at_once_with_the_path_of_its_field() => PolicyValidator.Validate("p", new ChangePolicySpec
    {
        NamespaceSelector = new() { MatchExpressions = [new() { Key = "no key", Operator = "Is" }] },
        Workloads = ["Deployment", "Job", "Deployment"],
        Enforcement = "enforce",
        Provenance = new() { AiAssistedWhen = [new(), new() { Annotation = "a b" }, new() { Annotation = WellKnown.AIAssisted, Values = ["", "false"] }], Undeclared = "1" },
        Approval = new() { RequiredFor = "Some", Count = 9 },
    }).Errors.Select(e => e.Path).Should().Equal(
        "spec.namespaceSelector.matchExpressions[0].key",
        "spec.namespaceSelector.matchExpressions[0].operator",
        "spec.workloads[1]",
        "spec.workloads[2]",
        "spec.enforcement",
        "spec.provenance.aiAssistedWhen[0].annotation",
        "spec.provenance.aiAssistedWhen[1].annotation",
        "spec.provenance.aiAssistedWhen[2].values[0]",
        "spec.provenance.aiAssistedWhen[2].values[1]",
        "spec.provenance.undeclared",
        "spec.approval.requiredFor",
        "spec.approval.count");

    [Fact]
    public void A_selector_that_cannot_be_read_selects_everything() =>
        PolicyValidator.Validate("p", new ChangePolicySpec { NamespaceSelector = new() { MatchExpressions = [new()] } })
            .Policy.NamespaceSelector.Matches(new Dictionary<string, string>()).Should().BeTrue();

    [Fact]
    public void A_policy_without_a_kind_governs_nothing_and_is_an_error() =>
        PolicyValidator.Validate("p", new ChangePolicySpec { Workloads = [] }).Errors.Should().ContainSingle().Which.Path.Should().Be("spec.workloads");
}
