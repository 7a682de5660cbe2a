using System.Text;
using System.Text.Json;

namespace ChangeAdmission.Cli.Tests.Commands;

public sealed class DigestCommandTests : IDisposable
{
    private const string Payments = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: payments }
        spec: { template: { spec: { containers: [ { name: payments, image: "example.com/payments:1" } ] } } }
        """;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("manifests");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task One_workload_gives_the_bare_digest_to_another_program_and_its_name_to_a_person()
    {
        var toProgram = await Run(["digest", "-n", "shop", "-f", "-"], Payments);
        var toPerson = await Run(["digest", "-n", "shop", "-f", "-"], Payments, isOutputRedirected: false);

        toProgram.Out.Should().MatchRegex("^sha256:[0-9a-f]{64}\n$");
        toPerson.Out.Should().Be($"{toProgram.Out.Trim()}  Deployment shop/payments\n");
        (toProgram.Status, toProgram.Error).Should().Be((0, ""));
    }

    [Fact]
    public async Task The_namespace_is_part_of_the_digest_and_default_without_one()
    {
        var none = await Run(["digest", "-f", "-"], Payments);

        none.Out.Should().Be((await Run(["digest", "-f", "-", "-n", "default"], Payments)).Out);
        none.Out.Should().NotBe((await Run(["digest", "-f", "-", "-n", "shop"], Payments)).Out);
    }

    [Fact]
    public async Task Digests_are_those_released()
    {
        foreach (var line in (await File.ReadAllLinesAsync(RepositoryFiles.Of("tests/ChangeAdmission.Core.Tests/Digests/digests.golden"))).Where(l => !l.StartsWith('#')))
        {
            var name = line.Split(' ')[0];
            var manifest = await File.ReadAllTextAsync(RepositoryFiles.Of($"tests/ChangeAdmission.Core.Tests/Digests/{name}.json"));
            var digest = await Run(["digest", "-f", "-"], manifest);
            digest.Out.Trim().Should().Be(line.Split(' ')[1], $"{name} has been released so; {digest.Error}");
        }
    }

    [Fact]
    public async Task A_manifest_in_yaml_has_the_digest_of_the_same_in_json()
    {
        var yaml = await Run(["digest", "-f", "-"], Payments);
        var json = await Run(["digest", "-f", "-"], """
            {"kind": "Deployment", "apiVersion": "apps/v1", "spec": {"template": {"spec": {"containers": [
            {"image": "example.com/payments:1", "name": "payments", "imagePullPolicy": "IfNotPresent"}]}}}, "metadata": {"name": "payments"}}
            """);

        yaml.Out.Should().Be(json.Out).And.StartWith("sha256:");
    }

    [Fact]
    public async Task A_directory_gives_a_line_for_each_workload_in_it()
    {
        await File.WriteAllTextAsync(Path.Combine(_directory.FullName, "b.yaml"), Payments);
        await File.WriteAllTextAsync(Path.Combine(_directory.FullName, "a.yml"), Payments.Replace("payments }", "checkout }", StringComparison.Ordinal));
        await File.WriteAllTextAsync(Path.Combine(_directory.FullName, "notes.txt"), "not a manifest");
        var below = _directory.CreateSubdirectory("below");
        await File.WriteAllTextAsync(Path.Combine(below.FullName, "c.json"), "{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\"}");

        var flat = await Run(["digest", "-f", _directory.FullName], "");
        var deep = await Run(["digest", "-R", "-f", _directory.FullName, "-o", "json"], "");

        flat.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Should().SatisfyRespectively(
            first => first.Should().EndWith("  Deployment default/checkout"),
            second => second.Should().EndWith("  Deployment default/payments"));
        using var listed = JsonDocument.Parse(deep.Out);
        listed.RootElement.EnumerateArray().Select(e => e.GetProperty("name").GetString()).Should().Equal("checkout", "payments");
    }

    [Theory]
    [InlineData("kind: ConfigMap\napiVersion: v1", "there is no Deployment, StatefulSet or DaemonSet of apps/v1 in it")]
    [InlineData("{apiVersion: apps/v1, kind: Deployment, metadata: {generateName: p-}}", "a Deployment with a generated name has no digest beforehand; give it a name")]
    [InlineData("{apiVersion: apps/v1, kind: Deployment, metadata: {}}", "the Deployment has no metadata.name")]
    [InlineData("{apiVersion: apps/v1, kind: Deployment, metadata: {name: p, namespace: other}}", "the namespace from the provided object \"other\" does not match the namespace \"shop\"")]
    [InlineData("{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: p}, spec: {}}", "StatefulSet p has no spec.template")]
    [InlineData("{\"apiVersion\": \"apps/v1\", \"kind\": \"Deployment\", \"metadata\": {\"name\": \"p\"}, \"spec\": {\"template\": {\"spec\": {\"nodeName\": \"\\ud800\"}}}}", "no API server would take")]
    public async Task Bad_input_is_an_error_that_says_what_and_where(string manifest, string message)
    {
        var result = await Run(["digest", "-n", "shop", "-f", "-"], manifest);

        result.Status.Should().Be(2);
        result.Out.Should().BeEmpty();
        result.Error.Should().StartWith("error: -").And.Contain(message);
    }

    [Theory]
    [InlineData("digest")]
    [InlineData("digest", "-f", "/there/is/no/such/file")]
    [InlineData("digest", "-f", "-", "-o", "yaml")]
    [InlineData("unheard-of")]
    public async Task A_command_line_that_cannot_be_followed_is_bad_input(params string[] args)
    {
        var result = await Run(args, Payments);

        result.Status.Should().Be(2);
        result.Error.Should().NotBeEmpty();
    }

    [Theory]
    [InlineData("--help", "digest")]
    [InlineData("digest --help", "--filename")]
    public async Task Help_is_there(string args, string word)
    {
        var result = await Run(args.Split(' '), "");

        (result.Status, result.Out).Should().Match<(int Status, string Out)>(r => r.Status == 0 && r.Out.Contains(word));
    }

    private static async Task<(int Status, string Out, string Error)> Run(string[] args, string input, bool isOutputRedirected = true)
    {
        using var stdin = new MemoryStream(Encoding.UTF8.GetBytes(input));
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var status = await CommandLine.RunAsync(args, new Terminal(stdin, output, error, isOutputRedirected));
        return (status, output.ToString(), error.ToString());
    }
}
