using System.Text.RegularExpressions;
using ChangeAdmission.EndToEnd.Cluster;

namespace ChangeAdmission.EndToEnd.Language;

/// <summary>What the user saw.</summary>
internal sealed partial record Verdict(TestNamespace Namespace, Finished Kubectl)
{
    public bool IsAdmitted => Kubectl.ExitCode == 0;

    /// <summary>Our words, without what kubectl and the API server put before them.</summary>
    public string Message => Kubectl.Error.Split(Denial, 2) is [_, var message] ? message.TrimEnd() : "";

    /// <summary>The warnings that kubectl showed, ours among them.</summary>
    public IReadOnlyList<string> Warnings =>
        [.. Kubectl.Error.Split('\n').Where(line => line.StartsWith("Warning: ", StringComparison.Ordinal)).Select(line => line["Warning: ".Length..])];

    /// <summary>The digest that the rejection prints.</summary>
    public string Digest => Digests().Match(Message).Groups[1].Value;

    /// <summary>The ids of the reasons that the rejection lists.</summary>
    public IReadOnlyList<string> Reasons => [.. ReasonLines().Matches(Message).Select(match => match.Groups[1].Value)];

    public Verdict MustBeAdmitted()
    {
        Kubectl.ExitCode.Should().Be(0, "it should have been admitted:\n{0}", Report);
        return this;
    }

    public Verdict MustBeRejected(string[] with)
    {
        Kubectl.ExitCode.Should().NotBe(0, "it should have been rejected:\n{0}", Report);
        Kubectl.Error.Should().Contain(Denial, "our webhook should have said no:\n{0}", Report);
        Reasons.Should().Equal(with, "these are all the reasons:\n{0}", Report);
        return this;
    }

    private Evidence Report => new(this);

    private const string Denial = "admission webhook \"rollouts.changeadmission.io\" denied the request: ";

    [GeneratedRegex("^change (sha256:[0-9a-f]{64}) requested by", RegexOptions.Multiline)]
    private static partial Regex Digests();

    [GeneratedRegex("^ - ([a-z-]+): ", RegexOptions.Multiline)]
    private static partial Regex ReasonLines();
}

/// <summary>What is shown when an expectation fails; made only then, because it reads the controller's log.</summary>
internal sealed class Evidence(Verdict verdict)
{
    public override string ToString() =>
        $"{verdict.Kubectl}\nthe controller's log about {verdict.Namespace}:\n{Stack.ControllerLog(verdict.Namespace.Name)}";
}

/// <summary>The end of a sentence: <c>await Dev.Applies(…).In(shop).ShouldBeRejected(with: "approval-missing")</c>.</summary>
internal static class Verdicts
{
    public static async Task<Verdict> ShouldBeAdmitted(this Task<Verdict> verdict) => (await verdict).MustBeAdmitted();

    /// <param name="verdict">What the user saw.</param>
    /// <param name="with">All the reasons, in the order in which they are listed.</param>
    public static async Task<Verdict> ShouldBeRejected(this Task<Verdict> verdict, params string[] with) =>
        (await verdict).MustBeRejected(with);
}
