using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace ChangeAdmission.EndToEnd.Cluster;

/// <summary>
/// A real control plane with the real controller in front of it, as <c>eng/stack</c> starts them, in a RUN_DIR of its
/// own. One for the whole assembly.
/// </summary>
internal sealed class Stack
{
    /// <summary>The first start may have to build Kubernetes, and the native binaries.</summary>
    private static readonly TimeSpan UpTimeout = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan CommandTimeout = TimeSpan.FromMinutes(2);

    private static Stack? _current;

    private readonly Dictionary<string, string> _addresses;

    private Stack()
    {
        _addresses = File.ReadLines(Path.Combine(RunDir, "addresses"))
            .Select(line => line.Split('=', 2))
            .ToDictionary(pair => pair[0], pair => pair[1]);
    }

    /// <summary>Namespaces with this label are left to the policies of a single test.</summary>
    public const string OwnPolicyLabel = "test.changeadmission.io/policy";

    public static TimeSpan ReleaseAfter { get; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether the long form of the tests is asked for.</summary>
    public static bool IsSoak { get; } = Environment.GetEnvironmentVariable("CHANGEADMISSION_SOAK") == "1";

    public static Stack Current => _current ?? throw new InvalidOperationException("The stack is not up.");

    public static string Repository => RepositoryFiles.Root;

    public static string RunDir { get; } = Path.Combine(Repository, ".run-e2e");

    /// <summary>Where logs and measurements stay when the stack is gone.</summary>
    public static string Results { get; } = Path.Combine(Repository, "artifacts", "test-results", "end-to-end");

    public string WebhookAddress => _addresses["CHANGEADMISSION_WEBHOOKS"];

    public string MetricsAddress => _addresses["CHANGEADMISSION_METRICS"];

    public Version ServerVersion { get; private set; } = new();

    public static async Task UpAsync()
    {
        Directory.CreateDirectory(Results);
        File.Delete(Measurements);
        await RunAsync(CommandTimeout, "down"); // what a run that was killed may have left
        await RunAsync(UpTimeout, "up");
        var stack = new Stack();
        _current = stack;
        await stack.PrepareAsync();
    }

    public static async Task DownAsync()
    {
        foreach (var log in Directory.Exists(RunDir) ? Directory.GetFiles(Path.Combine(RunDir, "logs")) : [])
        {
            File.Copy(log, Path.Combine(Results, Path.GetFileName(log)), overwrite: true);
        }

        await RunAsync(CommandTimeout, "down");
    }

    public static Task StartControllerAsync() => RunAsync(CommandTimeout, "start", "controller");

    public static Task KillControllerAsync() => RunAsync(CommandTimeout, "stop", "controller", "--kill");

    /// <summary>The addresses of the webhooks of three replicas, of which the first is the one that runs anyway.</summary>
    public IReadOnlyList<string> Replicas => [WebhookAddress, _addresses["CHANGEADMISSION_WEBHOOKS_2"], _addresses["CHANGEADMISSION_WEBHOOKS_3"]];

    public static Task StartReplicaAsync(int number) => RunAsync(CommandTimeout, "start", $"controller-{number}");

    public static Task StopReplicaAsync(int number) => RunAsync(CommandTimeout, "stop", $"controller-{number}");

    public static Task KillReplicaAsync(int number) => RunAsync(CommandTimeout, "stop", $"controller-{number}", "--kill");

    public static Task StopEtcdAsync() => RunAsync("control-plane", CommandTimeout, "stop-part", "etcd");

    public static Task StartEtcdAsync() => RunAsync("control-plane", CommandTimeout, "start-part", "etcd");

    public static Task RestartApiServerAsync() => RunAsync("control-plane", CommandTimeout, "restart-part", "kube-apiserver");

    /// <summary>Keeps a number beside the logs: tests assert bounds, people want to see what it was.</summary>
    public static void Note(string measurement)
    {
        lock (Measurements)
        {
            File.AppendAllText(Measurements, measurement + "\n");
        }
    }

    /// <summary>The controller's process as it is now.</summary>
    public static Process Controller() => Process.GetProcessById(
        int.Parse(File.ReadAllText(Path.Combine(RunDir, "stack", "controller.pid")), CultureInfo.InvariantCulture));

    /// <summary>The last lines of the controller's log that speak of something.</summary>
    public static string ControllerLog(string about)
    {
        // The controller holds the file open for writing.
        using var stream = new FileStream(
            Path.Combine(RunDir, "logs", "controller.log"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        var lines = reader.ReadToEnd().Split('\n').Where(line => line.Contains(about, StringComparison.Ordinal));
        return string.Join('\n', lines.TakeLast(20));
    }

    private static string Measurements { get; } = Path.Combine(Results, "measurements.txt");

    private async Task PrepareAsync()
    {
        var version = await Api.Of("admin").GetAsync("version");
        ServerVersion = new Version(Number(version["major"]!), Number(version["minor"]!));
        Note($"Kubernetes {version["gitVersion"]}");

        // The policy that the stack comes with governs every critical namespace but those that bring their own.
        var selector = new JsonObject
        {
            ["spec"] = new JsonObject
            {
                ["namespaceSelector"] = new JsonObject
                {
                    ["matchExpressions"] = new JsonArray(new JsonObject { ["key"] = OwnPolicyLabel, ["operator"] = "DoesNotExist" }),
                },
            },
        };
        var answer = await Api.Of("admin").PatchAsync("apis/changeadmission.io/v1alpha1/changepolicies/critical", selector);
        answer.ShouldBeOk();
    }

    // Some distributions say "29+".
    private static int Number(JsonNode part) =>
        int.Parse(part.GetValue<string>().TrimEnd('+'), NumberStyles.None, CultureInfo.InvariantCulture);

    private static Task RunAsync(TimeSpan timeout, params string[] arguments) => RunAsync("stack", timeout, arguments);

    private static async Task RunAsync(string script, TimeSpan timeout, params string[] arguments)
    {
        // Reservations are looked into after seconds instead of minutes: no webhook here holds a write up for longer.
        var environment = new Dictionary<string, string?> { ["RUN_DIR"] = RunDir, ["CONTROLLER_ARGUMENTS"] = $"--release-after {ReleaseAfter.TotalSeconds}s" };
        var finished = await Shell.RunAsync(Path.Combine(Repository, "eng", script), arguments, timeout, environment: environment);
        if (finished.ExitCode != 0)
        {
            throw new InvalidOperationException($"eng/{script} {string.Join(' ', arguments)} failed:\n{finished}");
        }
    }
}
