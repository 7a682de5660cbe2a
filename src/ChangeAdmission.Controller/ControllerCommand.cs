using System.CommandLine;
using System.Net;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Controller;

/// <summary>The command line: what can be set, what it means, what it is without.</summary>
internal static class ControllerCommand
{
    private const string DefaultCertificateLifetime = "2160h";
    private const string DefaultCaLifetime = "8760h";

    // Less leaves no time for an API server to learn of a CA before it is served by.
    private static readonly TimeSpan MinCertificateLifetime = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan MaxDrain = TimeSpan.FromMinutes(10);

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

    private static readonly Option<string> CertificateLifetime = new("--certificate-lifetime")
    {
        Description = "How long a serving certificate of our own is valid; it is replaced after two thirds of that.",
        HelpName = "duration",
        DefaultValueFactory = _ => DefaultCertificateLifetime,
    };

    private static readonly Option<string> CaLifetime = new("--ca-lifetime")
    {
        Description = "The same of our CA. While one replaces another, both are trusted.",
        HelpName = "duration",
        DefaultValueFactory = _ => DefaultCaLifetime,
    };

    private static readonly Option<string?> CertificateFiles = new("--certificate-files")
    {
        Description = "Serve tls.crt and tls.key of this directory, read again when they change, instead of a certificate of our own; "
            + "ca.crt beside them, when it is there, is published.",
        HelpName = "directory",
    };

    private static readonly Option<bool> CaPublishedElsewhere = new("--ca-published-elsewhere")
    {
        Description = "With --certificate-files: somebody else, such as cert-manager, keeps the caBundle of the webhook configurations.",
    };

    private static readonly Option<string?> DefaultPolicy = new("--default-policy")
    {
        Description = "A ConfigMap in the own namespace, with a ChangePolicy in its policy.json that is created once.",
        HelpName = "name",
    };

    private static readonly Option<string> Drain = new("--drain")
    {
        Description = "How long to answer on, not ready any more, when told to end; until nobody sends anything here any more.",
        HelpName = "duration",
        DefaultValueFactory = _ => "10s",
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
            Kubeconfig, Namespace, Listen, ListenMetrics, Hosts, WebhookConfiguration, CriticalLabel, ClusterName, Lease, ReleaseAfter,
            CertificateLifetime, CaLifetime, CertificateFiles, CaPublishedElsewhere, ClientCa, DefaultPolicy, Drain, LogFormat,
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
        MustBeDuration(ReleaseAfter, TimeSpan.FromSeconds(1), TimeSpan.MaxValue);
        MustBeDuration(CertificateLifetime, MinCertificateLifetime, TimeSpan.MaxValue);
        MustBeDuration(CaLifetime, MinCertificateLifetime, TimeSpan.MaxValue);
        MustBeDuration(Drain, TimeSpan.Zero, MaxDrain);
        CertificateFiles.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } path && !Directory.Exists(path))
            {
                result.AddError($"--certificate-files: there is no directory '{path}'");
            }
        });
        command.Validators.Add(result =>
        {
            // What is not given is not known here.
            if (Duration(result.GetValue(CaLifetime) ?? DefaultCaLifetime) < Duration(result.GetValue(CertificateLifetime) ?? DefaultCertificateLifetime))
            {
                result.AddError("--ca-lifetime: a CA must live at least as long as its certificates (--certificate-lifetime)");
            }
        });
        command.SetAction((parsed, ct) => run(OptionsOf(parsed), ct));
        return command;
    }

    private static ControllerOptions OptionsOf(ParseResult parsed)
    {
        var ns = parsed.GetValue(Namespace)!;
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
            ReleaseAfter = Duration(parsed.GetValue(ReleaseAfter))!.Value,
            CertificateLifetime = Duration(parsed.GetValue(CertificateLifetime))!.Value,
            CaLifetime = Duration(parsed.GetValue(CaLifetime))!.Value,
            CertificateFiles = parsed.GetValue(CertificateFiles),
            IsCaPublishedElsewhere = parsed.GetValue(CaPublishedElsewhere),
            DefaultPolicy = parsed.GetValue(DefaultPolicy),
            Drain = Duration(parsed.GetValue(Drain))!.Value,
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

    private static void MustBeDuration(Option<string> option, TimeSpan min, TimeSpan max) => option.Validators.Add(result =>
    {
        var text = result.GetValueOrDefault<string>();
        if (Duration(text) is not { } duration)
        {
            result.AddError($"{option.Name}: '{text}' {DurationText.Hint}");
        }
        else if (duration < min || duration > max)
        {
            result.AddError(max == TimeSpan.MaxValue
                ? $"{option.Name}: '{text}' is less than {DurationText.Of(min)}"
                : $"{option.Name}: '{text}' is not between {DurationText.Of(min)} and {DurationText.Of(max)}");
        }
    });

    private static TimeSpan? Duration(string? text) => DurationText.TryParse(text, out var duration) ? duration : null;

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
