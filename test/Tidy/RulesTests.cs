using Xunit;

namespace Orleans.Raft.Tidy;

/// <summary>Tidy's own rules find what is planted for them, and leave alone what is right: a rule that can't fail proves nothing.</summary>
public sealed class RulesTests
{
    [Theory]
    [InlineData("class C { void M() { Task.Delay(5); } }", 1)]
    [InlineData("class C { void M() { System.Threading.Thread.Sleep(5); } }", 1)]
    [InlineData("class C { void M() { clock.Advance(5); } }", 0)]
    public void Sleeps_are_found(string code, int count) => Assert.Equal(count, Rules.Sleeps([File(code)]).Count());

    [Theory]
    [InlineData("class C { void M() { try { } catch { } } }", 1)]
    [InlineData("class C { void M() { try { } catch (IOException) { /* The file is gone, which is what was wanted. */ } } }", 0)]
    [InlineData("class C { void M() { try { } catch { throw; } } }", 0)]
    public void Empty_catches_are_found(string code, int count) => Assert.Equal(count, Rules.EmptyCatches([File(code)]).Count());

    [Theory]
    [InlineData("enum RaftEvent { A = 1, B = 2, C = 1 }", 1)]
    [InlineData("enum RaftEvent { A = 1, B = 2 }", 0)]
    [InlineData("enum Kind { A = 1, B = 1 }", 0)]
    public void Events_that_share_a_number_are_found(string code, int count) => Assert.Equal(count, Rules.SharedEventNumbers([File(code)]).Count());

    [Theory]
    [InlineData("#pragma warning disable CS1591\nclass C;", 1)]
    [InlineData("#pragma warning disable CS1591 // Generated: documented in the schema.\nclass C;", 0)]
    [InlineData("// Generated: documented in the schema.\n#pragma warning disable CS1591\nclass C;", 0)]
    [InlineData("[SuppressMessage(\"A\", \"B\")] class C;", 1)]
    [InlineData("[SuppressMessage(\"A\", \"B\", Justification = \"Read by reflection.\")] class C;", 0)]
    public void Suppressions_without_a_reason_are_found(string code, int count) =>
        Assert.Equal(count, Rules.SuppressionsWithoutReason([File(code)]).Count());

    [Theory]
    [InlineData("class C { int M(E e) => e switch { E.A => 1, _ => 2 }; }", 1)]
    [InlineData("class C { int M(E e) => e switch { E.A => 1, E.B => 2 }; }", 0)]
    [InlineData("class C { int M(int e) => e switch { 1 => 1, _ => 2 }; }", 0)]
    [InlineData("class C { void M(E e) { switch (e) { case E.A: break; } } }", 1)]
    [InlineData("class C { void M(E e) { switch (e) { case E.A: break; default: break; } } }", 1)]
    [InlineData("class C { void M(E e) { switch (e) { case E.A: break; case E.B when x: break; } } }", 0)]
    public void Incomplete_switches_over_protocol_enums_are_found(string code, int count) =>
        Assert.Equal(count, Rules.IncompleteProtocolSwitches([File(code), File("enum E { A, B }")]).Count());

    [Theory]
    [InlineData("public class C;", 1)]
    [InlineData("public sealed class C;", 0)]
    [InlineData("public abstract class C;", 0)]
    [InlineData("internal class C;", 0)]
    [InlineData("public record C;", 1)]
    [InlineData("public readonly record struct C;", 0)]
    [InlineData("public class C; public sealed class D : C;", 0)]
    public void Unsealed_public_classes_are_found(string code, int count) =>
        Assert.Equal(count, Rules.UnsealedPublicClasses([File(code)]).Count());

    [Theory]
    [InlineData("class C { int _lastLsn; }", 1)]
    [InlineData("class ShardMap;", 1)]
    [InlineData("class C { void M(long prevLogTerm) { } }", 1)]
    [InlineData("class C { long Committed; int Stripping; void Trimmed() { } }", 0)]
    public void Banned_names_are_found(string code, int count) => Assert.Equal(count, Names.Banned([File(code)]).Count());

    [Theory]
    [InlineData("using System.IO; namespace Orleans.Raft.Hosting; class C;", "Hosting", 0)]
    [InlineData("using Orleans.Raft.Storage.Engine; class C;", "Hosting", 1)]
    [InlineData("class C { Orleans.Raft.Storage.Provider.D d; }", "Hosting", 1)]
    [InlineData("using Orleans.Runtime; class C;", "Hosting", 0)]
    [InlineData("using Orleans.Runtime; class C;", "Engine", 1)]
    [InlineData("using Orleans.Raft.Hosting; class C;", "Clustering", 1)]
    [InlineData("using Orleans.Raft.Hosting; class C;", "Provider", 0)]
    [InlineData("using Orleans.Raft.Storage.Engine; class C;", "Provider", 1)]
    [InlineData("using Orleans.Raft.Wire; class C;", "Core", 1)]
    public void Wrong_arrows_are_found(string code, string layer, int count) =>
        Assert.Equal(count, Layer.All.Single(other => other.Name == layer).WrongArrows([File(code)]).Count());

    [Fact]
    public void A_method_is_measured_without_its_documentation_and_attributes()
    {
        var method = Assert.Single(Scoreboard.MethodsOf([File("class C\n{\n    /// <summary>Long.</summary>\n    [Fact]\n    void M()\n    {\n    }\n}")]));

        Assert.Equal(("M", 5, 3), (method.Name, method.Line, method.Lines));
    }

    [Fact]
    public void A_field_in_a_second_file_of_a_partial_type_is_found()
    {
        const string Code = "partial class C { private int _hidden; private const int Fine = 1; }";

        Assert.Single(Rules.FieldsInSecondaryPartials([Repository.Parse("src/C.Part.cs", Code)]));
        Assert.Empty(Rules.FieldsInSecondaryPartials([Repository.Parse("src/C.cs", Code)]));
    }

    [Fact]
    public void Skips_around_Requires_are_found() =>
        Assert.Equal(2, Rules.OtherSkips([File("class C { [Fact(Skip = \"later\")] void M() { Skip.If(true); } }")]).Count());

    private static SourceFile File(string code) => Repository.Parse("src/Planted.cs", code);
}
