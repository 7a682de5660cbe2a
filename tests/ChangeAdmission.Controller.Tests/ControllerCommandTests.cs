using System.CommandLine;

namespace ChangeAdmission.Controller.Tests;

public sealed class ControllerCommandTests
{
    [Fact]
    public async Task Without_options_it_serves_as_in_a_pod()
    {
        var options = await Parse();

        options!.Listen.Port.Should().Be(8443);
        options.ListenMetrics.Port.Should().Be(8080);
        options.WebhookConfiguration.Should().Be("changeadmission");
        options.Hosts.Should().Equal($"changeadmission.{options.Namespace}.svc");
        options.CriticalNamespaces.Matches(new Dictionary<string, string> { ["changeadmission.io/critical"] = "true" }).Should().BeTrue();
        options.CriticalNamespaces.Matches(new Dictionary<string, string> { ["changeadmission.io/critical"] = "false" }).Should().BeFalse();
    }

    [Fact]
    public async Task Every_option_is_heeded()
    {
        var options = await Parse(
            "--namespace", "guard", "--listen", "127.0.0.1:1", "--listen-metrics", "127.0.0.1:2", "--host", "a", "--host", "b",
            "--webhook-configuration", "w", "--critical-label", "tier=gold", "--log-format", "json",
            "--certificate-lifetime", "1h", "--ca-lifetime", "2h", "--certificate-files", "/tmp", "--ca-published-elsewhere", "--default-policy", "p", "--drain", "3s");

        (options!.Namespace, options.Listen.ToString(), options.ListenMetrics.ToString(), options.WebhookConfiguration, options.JsonLogs)
            .Should().Be(("guard", "127.0.0.1:1", "127.0.0.1:2", "w", true));
        options.Hosts.Should().Equal("a", "b");
        (options.CertificateLifetime, options.CaLifetime, options.CertificateFiles, options.IsCaPublishedElsewhere, options.DefaultPolicy, options.Drain)
            .Should().Be((TimeSpan.FromHours(1), TimeSpan.FromHours(2), "/tmp", true, "p", TimeSpan.FromSeconds(3)));
        options.CriticalNamespaces.Matches(new Dictionary<string, string> { ["tier"] = "gold" }).Should().BeTrue();
    }

    [Theory]
    [InlineData("--listen", "nowhere", "is not an address and port")]
    [InlineData("--listen-metrics", "127.0.0.1", "is not an address and port")]
    [InlineData("--critical-label", "critical", "write it as key=value")]
    [InlineData("--critical-label", "a b=c", "not a qualified name")]
    [InlineData("--client-ca", "/no/such/file", "there is no file")]
    [InlineData("--log-format", "xml", "xml")]
    [InlineData("--certificate-lifetime", "10s", "'10s' is less than 15s")]
    [InlineData("--ca-lifetime", "1h", "a CA must live at least as long as its certificates")]
    [InlineData("--certificate-files", "/no/such/directory", "there is no directory")]
    [InlineData("--release-after", "0s", "'0s' is less than 1s")]
    [InlineData("--drain", "1d", "is not a duration")]
    [InlineData("--drain", "1h", "is not between 0s and 10m")]
    public void A_wrong_value_is_refused_before_anything_is_served(string option, string value, string message) =>
        Command(_ => { }).Parse([option, value]).Errors.Should().Contain(e => e.Message.Contains(message));

    private static async Task<ControllerOptions?> Parse(params string[] args)
    {
        ControllerOptions? parsed = null;
        (await Command(options => parsed = options).Parse(args).InvokeAsync()).Should().Be(0);
        return parsed;
    }

    private static RootCommand Command(Action<ControllerOptions> run) => ControllerCommand.Create((options, _) =>
    {
        run(options);
        return Task.FromResult(0);
    });
}
