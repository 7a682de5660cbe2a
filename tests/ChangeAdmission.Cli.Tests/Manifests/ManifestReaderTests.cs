using System.Text;
using ChangeAdmission.Cli.Manifests;

namespace ChangeAdmission.Cli.Tests.Manifests;

public sealed class ManifestReaderTests
{
    // As kubectl has it (go-yaml v2): a merge takes effect where it stands.
    [Theory]
    [InlineData("a: {p: 9, <<: {p: 1, q: 2}}", """{"p":1,"q":2}""")]
    [InlineData("a: {<<: {p: 1, q: 2}, p: 9}", """{"p":9,"q":2}""")]
    [InlineData("a: {<<: [{p: 1}, {p: 2, q: 3}]}", """{"p":1,"q":3}""")]
    [InlineData("a: {1: a, true: b, 1.5: c, 'x y': d}", """{"1":"a","true":"b","1.5":"c","x y":"d"}""")]
    [InlineData("b: &b [1]\na: {x: *b}", """{"x":[1]}""")]
    public void Mappings_are_read_as_kubectl_reads_them(string yaml, string json)
    {
        using var expected = System.Text.Json.JsonDocument.Parse(json);
        System.Text.Json.JsonElement.DeepEquals(Read(yaml)[0].Root.GetProperty("a"), expected.RootElement).Should().BeTrue(Read(yaml)[0].Root.GetRawText());
    }

    [Fact]
    public void Documents_and_lists_are_taken_apart() =>
        Read("kind: A\n---\n# nothing\n---\nkind: List\nitems: [{kind: B}, {kind: DeploymentList, items: [{kind: C}]}]\n")
            .Select(m => m.Root.GetProperty("kind").GetString()).Should().Equal("A", "B", "C");

    [Fact]
    public void Json_may_hold_several_objects_and_yaml_may_begin_with_a_brace()
    {
        Read("{\"kind\": \"A\"}\n{\"kind\": \"B\"}").Select(m => (m.Line, m.Root.GetProperty("kind").GetString())).Should().Equal((1, "A"), (2, "B"));
        Read("{kind: A, mode: 0644}")[0].Root.GetProperty("mode").GetInt32().Should().Be(420);
    }

    [Theory]
    [InlineData("a: 1\na: 2\n", "*uplicate*")]
    [InlineData("1: 1\n\"1\": 2\n", "m.yaml:2:1: *uplicate key*")]
    [InlineData("yes: 1\ntrue: 2\n", "m.yaml:2:1: the key \"true\" stands twice*")]
    [InlineData("{\"a\": {\"b\": 1, \"b\": 2}}", "m.yaml:1: the key \"b\" stands twice*")]
    [InlineData("- a\n", "m.yaml:1: is not a Kubernetes object")]
    [InlineData("a: [\n", "m.yaml:*")]
    [InlineData("{a: {b: *c}}", "m.yaml:1:*")]
    [InlineData("? [a]\n: b\n", "m.yaml:1:3: a key must be a scalar")]
    [InlineData("a: {<<: 1}", "m.yaml:1:9: only mappings can be merged")]
    public void What_cannot_be_read_is_named_with_its_place(string yaml, string message) =>
        FluentActions.Invoking(() => Read(yaml)).Should().Throw<ManifestException>().WithMessage(message);

    [Fact]
    public void Aliases_that_multiply_are_stopped()
    {
        var bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (var i = 1; i < 12; i++)
        {
            bomb.Append($"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}]\n");
        }

        FluentActions.Invoking(() => Read(bomb.ToString())).Should().Throw<ManifestException>().WithMessage("*aliases unfold to more than*");
    }

    [Fact]
    public void An_alias_within_itself_is_stopped() =>
        FluentActions.Invoking(() => Read("a: &a [*a]\n")).Should().Throw<ManifestException>();

    [Fact]
    public void Deep_nesting_is_stopped() =>
        FluentActions.Invoking(() => Read("a: " + new string('[', 100) + new string(']', 100))).Should().Throw<ManifestException>().WithMessage("*nested deeper*");

    [Fact]
    public void What_is_not_utf_8_is_refused() =>
        FluentActions.Invoking(() => ManifestReader.Read("m.yaml", [0x61, 0x3A, 0x20, 0xFF])).Should().Throw<ManifestException>().WithMessage("m.yaml: is not UTF-8*");

    private static IReadOnlyList<Manifest> Read(string text) => ManifestReader.Read("m.yaml", Encoding.UTF8.GetBytes(text));
}
