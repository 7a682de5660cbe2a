using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Core.Tests.Policies;

public sealed class PolicyCoverageTests
{
    private static readonly LabelSelector Critical = new([new LabelRequirement("critical", LabelOperator.In, ["true"])]);

    [Fact]
    public void A_policy_governs_the_critical_namespaces_that_it_selects_and_names_the_others()
    {
        var policy = new ChangePolicy { Name = "p", NamespaceSelector = new([new LabelRequirement("team", LabelOperator.In, ["shop"])]) };

        var coverage = PolicyCoverage.Of(policy, Critical, [
            Namespace("b", ("team", "shop")),
            Namespace("a", ("team", "shop")),
            Namespace("c", ("team", "shop"), ("critical", "true")),
            Namespace("d", ("critical", "true")),
            Namespace("e"),
        ]);

        coverage.Governed.Should().Be(1);
        coverage.NotCovered.Should().Equal("a", "b");
    }

    [Fact]
    public void A_policy_without_a_selector_means_the_critical_namespaces()
    {
        var coverage = PolicyCoverage.Of(new ChangePolicy { Name = "p" }, Critical, [Namespace("a"), Namespace("b", ("critical", "true"))]);

        coverage.Governed.Should().Be(1);
        coverage.NotCovered.Should().BeEmpty();
    }

    private static KeyValuePair<string, IReadOnlyDictionary<string, string>> Namespace(string name, params (string Key, string Value)[] labels) =>
        KeyValuePair.Create(name, (IReadOnlyDictionary<string, string>)labels.ToDictionary(l => l.Key, l => l.Value));
}
