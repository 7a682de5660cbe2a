using System.Text;

namespace ChangeAdmission.Chart.Tests;

/// <summary>
/// What the chart renders, kept as text under Goldens so that a review shows what a change of a template means. To accept a change:
/// <c>CHANGEADMISSION_UPDATE_GOLDENS=1 dotnet test tests/ChangeAdmission.Chart.Tests</c>.
/// </summary>
public sealed class RenderingTests
{
    private static readonly bool IsUpdate = Environment.GetEnvironmentVariable("CHANGEADMISSION_UPDATE_GOLDENS") == "1";

    [Theory]
    [InlineData("1.20")]
    [InlineData("1.29")]
    [InlineData("1.33")]
    public Task By_default(string kubernetes) => ShouldBeGoldenAsync($"default-{kubernetes}", kubernetes);

    [Theory]
    [InlineData("ha")]
    [InlineData("cert-manager")]
    [InlineData("minimal")]
    [InlineData("everything")]
    public Task With_values(string values) => ShouldBeGoldenAsync(values, "1.33", "--values", Helm.Values(values));

    [Theory]
    [InlineData("default-1.33")]
    [InlineData("ha", "--values", "ha")]
    [InlineData("everything", "--values", "everything")]
    public async Task Kubernetes_1_36_gets_what_1_33_gets(string golden, params string[] values)
    {
        var rendered = await RenderAsync("1.36", [.. values.Select(v => v.StartsWith('-') ? v : Helm.Values(v))]);

        rendered.Should().Be(await File.ReadAllTextAsync(PathOf(golden)));
    }

    [Fact]
    public async Task A_pre_release_or_a_vendors_version_is_of_its_minor()
    {
        var (plain, vendors) = (await RenderAsync("1.33.0"), await RenderAsync("v1.33.1-eks-1234"));

        vendors.Should().Be(plain);
    }

    [Theory]
    [InlineData("monitoring.coreos.com/v1/ServiceMonitor", "ServiceMonitor changeadmission")]
    [InlineData("monitoring.coreos.com/v1/PrometheusRule", "PrometheusRule changeadmission")]
    public async Task The_Prometheus_operator_is_served_where_it_is(string api, string expected)
    {
        (await Helm.ObjectsAsync("1.33", "--api-versions", api)).Keys.Should().Contain(expected);
        (await Helm.ObjectsAsync("1.33")).Keys.Should().NotContain(expected);
        (await Helm.ObjectsAsync("1.33", "--api-versions", api, "--set", "metrics.serviceMonitor.enabled=false,metrics.prometheusRule.enabled=false"))
            .Keys.Should().NotContain(expected);
    }

    [Fact]
    public async Task Helm_finds_nothing_to_complain_about()
    {
        foreach (var values in (string[])["", "ha", "cert-manager", "minimal", "everything"])
        {
            var finished = await Helm.RunAsync(["lint", "--strict", RepositoryFiles.Of(Helm.Chart), .. values.Length == 0 ? (string[])[] : ["--values", Helm.Values(values)]]);

            finished.ExitCode.Should().Be(0, finished.ToString());
        }
    }

    [Fact]
    public async Task What_is_made_from_the_chart_is_up_to_date()
    {
        var finished = await EndToEnd.Cluster.Shell.RunAsync(RepositoryFiles.Of("eng/manifests"), ["--check"], TimeSpan.FromMinutes(2));

        finished.ExitCode.Should().Be(0, finished.ToString());
    }

    [Theory]
    [InlineData("deploy/base", null)]
    [InlineData("deploy/overlays/ha", "ha")]
    [InlineData("deploy/overlays/cert-manager", "cert-manager")]
    public async Task Kustomize_says_what_the_chart_says(string directory, string? values)
    {
        var chart = await Helm.ObjectsAsync("1.33", ["--set", "crds.install=false", .. values is null ? (string[])[] : ["--values", Helm.Values(values)]]);

        var kustomize = await Helm.KustomizeAsync(directory);

        kustomize.Keys.Except(["Namespace changeadmission-system"]).Should().BeEquivalentTo(chart.Keys);
        foreach (var (name, expected) in chart)
        {
            kustomize[name].Canonical().Should().Be(expected.Canonical(), name);
        }
    }

    private static async Task ShouldBeGoldenAsync(string name, string kubernetes, params string[] arguments)
    {
        var rendered = await RenderAsync(kubernetes, arguments);
        if (IsUpdate)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(PathOf(name))!);
            await File.WriteAllTextAsync(PathOf(name), rendered);
        }

        rendered.Should().Be(await File.ReadAllTextAsync(PathOf(name)), "{0} is what the chart rendered when it was last reviewed", PathOf(name));
    }

    // The CRDs are left out: they are copied verbatim, and WhatIsInstalledTests looks at what is added to them.
    private static async Task<string> RenderAsync(string kubernetes, params string[] arguments)
    {
        var finished = await Helm.TemplateAsync(kubernetes, [.. arguments, "--set", "crds.install=false"]);
        finished.ExitCode.Should().Be(0, finished.ToString());
        return new StringBuilder(finished.Output).Replace("\r\n", "\n").ToString();
    }

    private static string PathOf(string golden) => RepositoryFiles.Of($"tests/ChangeAdmission.Chart.Tests/Goldens/{golden}.yaml");
}
