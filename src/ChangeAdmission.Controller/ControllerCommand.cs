using System.CommandLine;
using System.Net;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Controller;

/// <summary>The command line: what can be set, what it means, what it is without.</summary>
internal static class ControllerCommand
{
    private static readonly Option<string?> Kubeconfig = new("--kubeconfig")
    {
        Description = "Kubeconfig of the cluster. Without it: $KUBECONFIG, ~/.kube/config, the pod's ServiceAccount.",
        HelpName = "file",
    };

    private static readonly Option<string> Namespace = new("--namespace")
    {
        Description = "The controller's own namespace. Without it: $POD_NAMESPACE.",
        HelpName = "name",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("POD_NAMESPACE") ?? "changeadmission-system",
    };

    private static readonly Option<string> Listen = new("--listen")
    {
        Description = "Address and port of the webhooks (TLS).",
        HelpName = "address:port",
        DefaultValueFactory = _ => "[::]:8443",
    };

    private static readonly Option<string> ListenMetrics = new("--listen-metrics")
    {
        Description = "Address and port of /metrics, /healthz and /readyz (no TLS).",
        HelpName = "address:port",
        DefaultValueFactory = _ => "[::]:8080",
    };

    private static readonly Option<string[]> Hosts = new("--host")
    {
        Description = "A name or address by which the API server calls the webhooks; may be repeated. "
            + "Without it: changeadmission.<namespace>.svc.",
        HelpName = "name",
        DefaultValueFactory = _ => [],
    };

    private static readonly Option<string> WebhookConfiguration = new("--webhook-configuration")
    {
        Description = "The ValidatingWebhookConfiguration and the MutatingWebhookConfiguration whose caBundle is kept current.",
        HelpName = "name",
        DefaultValueFactory = _ => "changeadmission",
    };

    private static readonly Option<string> CriticalLabel = new("--critical-label")
    {
        Description = "The label, as key=value, that makes a namespace critical.",
        HelpName = "key=value",
        DefaultValueFactory = _ => $"{WellKnown.Critical}=true",
    };

    private static readonly Option<string> ClusterName = new("--cluster-name")
    {
        Description = "What signed approvals call this cluster (aud), so that one for another cluster does not count here.",
        HelpName = "name",
        DefaultValueFactory = _ => "default",
    };

    private static readonly Option<string> Lease = new("--lease")
    {
        Description = "The Lease whose holder runs the reconcilers.",
        HelpName = "name",
        DefaultValueFactory = _ => "changeadmission",
    };

    private static readonly Option<string> ReleaseAfter = new("--release-after")
    {
        Description = "How long a reserved rollout that is not seen in the cluster keeps its slot before it is looked into. "
            + "Less than the default lets a rollout that another webhook holds up slip through a limit.",
        HelpName = "duration",
        DefaultValueFactory = _ => "3m",
    };

    private static readonly Option<string?> ClientCa = new("--client-ca")
    {
        Description = "PEM file of CAs; callers must then present a client certificate of one of them.",
        HelpName = "file",
    };

    private static readonly Option<string> LogFormat = new Option<string>("--log-format")
    {
        Description = "text, or json for a log collector.",
        DefaultValueFactory = _ => "text",
    }.AcceptOnlyFromAmong("text", "json");

    public static RootCommand Create(Func<ControllerOptions, CancellationToken, Task<int>> run)
    {
        var command = new RootCommand(
            "ChangeAdmission: judges rollouts in critical namespaces. Serves the admission webhooks and runs the operator.")
        {
            Kubeconfig, Namespace, Listen, ListenMetrics, Hosts, WebhookConfiguration, CriticalLabel, ClusterName, Lease, ReleaseAfter, ClientCa, LogFormat,
        };
        MustBeEndpoint(Listen);
        MustBeEndpoint(ListenMetrics);
        MustExist(Kubeconfig);
        MustExist(ClientCa);
        CriticalLabel.Validators.Add(result =>
        {
            if (LabelProblem(result.GetValueOrDefault<string>()) is { } problem)
            {
                result.AddError($"--critical-label: {problem}");
            }
        });
        ReleaseAfter.Validators.Add(result =>
        {
            var text = result.GetValueOrDefault<string>();
            if (!DurationText.TryParse(text, out var duration) || duration <= TimeSpan.Zero)
            {
                result.AddError($"--release-after: '{text}' {DurationText.Hint}");
            }
        });
        command.SetAction((parsed, ct) => run(OptionsOf(parsed), ct));
        return command;
    }

    private static ControllerOptions OptionsOf(ParseResult parsed)
    {
        var ns = parsed.GetValue(Namespace)!;
        _ = DurationText.TryParse(parsed.GetValue(ReleaseAfter), out var releaseAfter);
        var label = parsed.GetValue(CriticalLabel)!.Split('=', 2);
        return new ControllerOptions
        {
            Kubeconfig = parsed.GetValue(Kubeconfig),
            Namespace = ns,
            Listen = IPEndPoint.Parse(parsed.GetValue(Listen)!),
            ListenMetrics = IPEndPoint.Parse(parsed.GetValue(ListenMetrics)!),
            Hosts = parsed.GetValue(Hosts) is { Length: > 0 } hosts ? hosts : [$"changeadmission.{ns}.svc"],
            WebhookConfiguration = parsed.GetValue(WebhookConfiguration)!,
            CriticalNamespaces = new LabelSelector([new LabelRequirement(label[0], LabelOperator.In, [label[1]])]),
            ClusterName = parsed.GetValue(ClusterName)!,
            Lease = parsed.GetValue(Lease)!,
            ReleaseAfter = releaseAfter,
            ClientCa = parsed.GetValue(ClientCa),
            JsonLogs = parsed.GetValue(LogFormat) == "json",
        };
    }

    private static void MustBeEndpoint(Option<string> option) => option.Validators.Add(result =>
    {
        var text = result.GetValueOrDefault<string>();
        if (!IPEndPoint.TryParse(text ?? "", out var endpoint) || endpoint.Port == 0)
        {
            result.AddError($"{option.Name}: '{text}' is not an address and port; write for example 0.0.0.0:8443");
        }
    });

    private static void MustExist(Option<string?> option) => option.Validators.Add(result =>
    {
        if (result.GetValueOrDefault<string?>() is { } path && !File.Exists(path))
        {
            result.AddError($"{option.Name}: there is no file '{path}'");
        }
    });

    private static string? LabelProblem(string? label) => label?.Split('=', 2) is [var key, var value] && QualifiedName.IsName(value)
        ? QualifiedName.Problem(key)
        : "write it as key=value, the value being one that a label can have";
}
