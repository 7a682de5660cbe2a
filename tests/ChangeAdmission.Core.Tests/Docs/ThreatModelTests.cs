using System.Text.RegularExpressions;

namespace ChangeAdmission.Core.Tests.Docs;

/// <summary>What the threat model says is shown, is shown: every test that it names exists.</summary>
public sealed partial class ThreatModelTests
{
    [Fact]
    public void Every_test_that_it_names_exists()
    {
        var named = Names().Matches(File.ReadAllText(RepositoryFiles.Of("docs/threat-model.md"))).ToList();
        var missing = named.Where(n => !Exists(n.Groups["in"].Value == "Core: " ? "ChangeAdmission.Core.Tests" : "ChangeAdmission.EndToEnd", n.Groups["class"].Value, n.Groups["test"].Value));

        named.Should().HaveCountGreaterThan(40);
        missing.Select(m => m.Value).Should().BeEmpty();
    }

    private static bool Exists(string project, string type, string test) =>
        Directory.EnumerateFiles(RepositoryFiles.Of($"tests/{project}"), $"{type}.cs", SearchOption.AllDirectories)
            .Any(file => File.ReadAllText(file).Contains($" {test}(", StringComparison.Ordinal));

    [GeneratedRegex("`(?<in>Core: )?(?<class>[A-Za-z]+Tests)\\.(?<test>[A-Za-z_]+)`")]
    private static partial Regex Names();
}
