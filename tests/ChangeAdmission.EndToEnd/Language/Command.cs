using ChangeAdmission.EndToEnd.Cluster;

namespace ChangeAdmission.EndToEnd.Language;

/// <summary>One command line of the real kubectl, to be run in a namespace.</summary>
internal sealed record Command(User User, Func<TestNamespace, IReadOnlyList<string>> Arguments)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);
    private static readonly TestNamespace NoNamespace = new("default");

    public string? Input { get; init; }

    /// <summary>Input that depends on where it goes.</summary>
    public Func<TestNamespace, string>? InputIn { get; init; }

    /// <summary>What <c>kubectl edit</c> opens.</summary>
    public string? Editor { get; init; }

    private bool IsDryRun { get; init; }

    public Command AsDryRun() => this with { IsDryRun = true };

    /// <summary>For what belongs to no namespace.</summary>
    public Task<Verdict> InTheCluster() => In(NoNamespace);

    public async Task<Verdict> In(TestNamespace ns)
    {
        List<string> arguments =
        [
            $"--kubeconfig={Path.Combine(Stack.RunDir, $"{User.Kubeconfig}.kubeconfig")}",
            $"--cache-dir={Path.Combine(Stack.RunDir, "kubectl-cache")}",
            $"--namespace={ns.Name}",
            .. User.Impersonation,
            .. Arguments(ns),
        ];
        if (IsDryRun)
        {
            arguments.Add("--dry-run=server");
        }

        // Languages, colours and settings of whoever runs the tests are not the subject.
        var environment = new Dictionary<string, string?> { ["KUBECONFIG"] = null, ["LC_ALL"] = "C", ["KUBE_EDITOR"] = Editor };
        return new Verdict(ns, await Shell.RunAsync("kubectl", arguments, Timeout, InputIn?.Invoke(ns) ?? Input, environment));
    }
}
