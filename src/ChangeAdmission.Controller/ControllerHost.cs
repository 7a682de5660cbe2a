using System.Diagnostics.Metrics;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using ChangeAdmission.Controller.Budgets;
using ChangeAdmission.Controller.Certificates;
using ChangeAdmission.Controller.Governance;
using ChangeAdmission.Controller.Operator;
using ChangeAdmission.Controller.Operator.Rollouts;
using ChangeAdmission.Controller.Telemetry;
using ChangeAdmission.Controller.Webhooks;
using ChangeAdmission.Kubernetes.Client;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using OpenTelemetry.Metrics;

namespace ChangeAdmission.Controller;

/// <summary>Composes the process: the only place that knows all parts.</summary>
internal static class ControllerHost
{
    // What is left for answers that are being made when the last connection has been taken.
    private static readonly TimeSpan InFlight = TimeSpan.FromSeconds(20);

    public static WebApplication Build(ControllerOptions options)
    {
        var builder = WebApplication.CreateSlimBuilder();
        AddLogging(builder.Logging, options);
        AddServices(builder.Services, options);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, options));
        builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics
            .AddMeter(DecisionMetrics.MeterName)
            .AddView(DecisionMetrics.Duration, new ExplicitBucketHistogramConfiguration { Boundaries = DecisionMetrics.DurationBuckets })
            // Counted is visible: whoever scrapes twice in a second means it.
            .AddPrometheusExporter(exporter => exporter.ScrapeResponseCacheDurationMilliseconds = 0));

        var app = builder.Build();
        LeaderMetrics.Observe(app.Services.GetRequiredService<IMeterFactory>(), app.Services.GetRequiredService<RolloutOperator>());
        var endpoint = app.Services.GetRequiredService<WebhookEndpoint>();
        var readiness = app.Services.GetRequiredService<Readiness>();
        app.MapWhen(http => http.Connection.LocalPort == options.ListenMetrics.Port, metrics => UseMetrics(metrics, readiness));
        app.Run(endpoint.HandleAsync);
        return app;
    }

    private static void AddLogging(ILoggingBuilder logging, ControllerOptions options)
    {
        logging.ClearProviders();
        logging.SetMinimumLevel(LogLevel.Information);
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information);
        if (options.JsonLogs)
        {
            logging.AddJsonConsole(console => console.UseUtcTimestamp = true);
        }
        else
        {
            logging.AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.UseUtcTimestamp = true;
                console.TimestampFormat = "HH:mm:ss.fff'Z' ";
            });
        }
    }

    private static void AddServices(IServiceCollection services, ControllerOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton(TimeProvider.System);
        services.Configure<HostOptions>(host => host.ShutdownTimeout = options.Drain + InFlight);
        services.AddHostedService<Drain>();
        services.AddSingleton(s => KubernetesApiFactory.Create(options.Kubeconfig, s.GetRequiredService<TimeProvider>()));

        services.AddSingleton<ClusterState>().AddHostedService(s => s.GetRequiredService<ClusterState>());
        services.AddSingleton<Governor>();
        services.AddSingleton<LedgerStore>();
        services.AddSingleton<Reservations>();

        services.AddSingleton<ServingCertificate>();
        if (options.CertificateFiles is null)
        {
            services.AddSingleton<CertificateKeeper>().AddHostedService(s => s.GetRequiredService<CertificateKeeper>());
        }
        else
        {
            services.AddHostedService<CertificateFiles>();
        }

        services.AddSingleton(s => new WebhookConfigurationReconciler(
            s.GetRequiredService<KubernetesApi>(),
            s.GetRequiredService<ServingCertificate>(),
            s.GetService<CertificateKeeper>(),
            s.GetRequiredService<ILogger<WebhookConfigurationReconciler>>()));
        services.AddHostedService<WebhookConfigurationController>();

        services.AddSingleton<OperatorState>();
        services.AddSingleton<ChangeRecords>();
        services.AddSingleton<UnadmittedRollouts>();
        services.AddSingleton<WorkloadReconciler>();
        services.AddSingleton<RecordRetention>();
        services.AddSingleton<LedgerReconciler>();
        services.AddSingleton<ApprovalReconciler>();
        services.AddSingleton<FreezeStatusReconciler>();
        services.AddSingleton<DefaultPolicy>();
        services.AddSingleton<PolicyStatusReconciler>();
        services.AddSingleton<RolloutOperator>().AddHostedService(s => s.GetRequiredService<RolloutOperator>());

        services.AddSingleton<RolloutMetrics>();
        services.AddSingleton<DecisionMetrics>();
        services.AddSingleton<LedgerMetrics>();
        services.AddSingleton<DecisionEvents>().AddHostedService(s => s.GetRequiredService<DecisionEvents>());
        services.AddSingleton<DecisionRecorder>();
        services.AddSingleton<GuardRecorder>();

        services.AddSingleton<ApprovalGuard>();
        services.AddSingleton<IWebhook, RolloutsWebhook>();
        services.AddSingleton<IWebhook, ApprovalsWebhook>();
        services.AddSingleton<IWebhook, BypassWebhook>();
        services.AddSingleton<IWebhook, NamespacesWebhook>();
        services.AddSingleton<IWebhook, ResourcesWebhook>();
        services.AddSingleton<WebhookEndpoint>();
        services.AddSingleton<Readiness>();
    }

    private static void Listen(KestrelServerOptions kestrel, ControllerOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = WebhookEndpoint.MaxBody;
        kestrel.Limits.Http2.MaxStreamsPerConnection = WebhookEndpoint.MaxInFlight;
        kestrel.Listen(options.ListenMetrics, listen => listen.Protocols = HttpProtocols.Http1);
        kestrel.Listen(options.Listen, listen =>
        {
            var serving = kestrel.ApplicationServices.GetRequiredService<ServingCertificate>();
            var clientCas = ClientCas(options.ClientCa);
            listen.Protocols = HttpProtocols.Http1AndHttp2;
            listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                OnConnection = context => ValueTask.FromResult(TlsOptions(serving, clientCas, context)),
            });
        });
    }

    private static SslServerAuthenticationOptions TlsOptions(
        ServingCertificate serving, X509Certificate2Collection? clientCas, TlsHandshakeCallbackContext context)
    {
        context.AllowDelayedClientCertificateNegotation = false;
        return new SslServerAuthenticationOptions
        {
            ServerCertificateContext = serving.Context ?? throw new AuthenticationException("there is no serving certificate yet"),
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
            ClientCertificateRequired = clientCas is not null,
            RemoteCertificateValidationCallback = clientCas is null ? null : (_, certificate, _, _) => IsSignedBy(clientCas, certificate),
        };
    }

    private static X509Certificate2Collection? ClientCas(string? path)
    {
        if (path is null)
        {
            return null;
        }

        var cas = new X509Certificate2Collection();
        cas.ImportFromPemFile(path);
        return cas;
    }

    private static bool IsSignedBy(X509Certificate2Collection cas, X509Certificate? certificate)
    {
        if (certificate is not X509Certificate2 presented)
        {
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(cas);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new System.Security.Cryptography.Oid("1.3.6.1.5.5.7.3.2")); // client authentication
        return chain.Build(presented);
    }

    private static void UseMetrics(IApplicationBuilder metrics, Readiness readiness)
    {
        metrics.UseOpenTelemetryPrometheusScrapingEndpoint("/metrics");
        metrics.Run(async http =>
        {
            var problem = http.Request.Path.Value switch
            {
                "/healthz" => null,
                "/readyz" => readiness.Problem(),
                _ => "",
            };
            http.Response.StatusCode = problem switch
            {
                null => StatusCodes.Status200OK,
                "" => StatusCodes.Status404NotFound,
                _ => StatusCodes.Status503ServiceUnavailable,
            };
            await http.Response.WriteAsync(problem is null ? "ok\n" : problem + "\n", http.RequestAborted).ConfigureAwait(false);
        });
    }
}
