using Orleans.Raft.Core;
using Xunit;

namespace Orleans.Raft.Tests.Core;

/// <summary>The evidence of a fault: the last inputs, in order, also of a replica that slept meanwhile.</summary>
public sealed class InputRingTests
{
    private readonly InputRing _ring = new();

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(9, 9)]
    [InlineData(32, 32)]
    [InlineData(33, 32)]
    [InlineData(1_000, 32)]
    public void The_last_thirty_two_inputs_are_kept_in_order(int added, int kept)
    {
        Add(1, added);
        AssertKept(added - kept + 1, added);
    }

    [Theory]
    [InlineData(3, 3)]
    [InlineData(4, 4)]
    [InlineData(20, 4)]
    [InlineData(45, 4)]
    public void A_node_that_rests_keeps_the_last_few_and_all_that_comes_then(int added, int kept)
    {
        Add(1, added);
        _ring.Shrink();
        AssertKept(added - kept + 1, added);

        Add(added + 1, added + 24);
        AssertKept(added - kept + 1, added + 24);
        Add(added + 25, added + 100);
        AssertKept(added + 69, added + 100);
    }

    private void Add(int first, int last)
    {
        for (var i = first; i <= last; i++)
        {
            _ring.Add(Input.Of("Tick", i), TimeSpan.FromMilliseconds(i));
        }
    }

    private void AssertKept(int first, int last) =>
        Assert.Equal(Enumerable.Range(first, last - first + 1).Select(i => $"at {i} ms: Tick {i}"), _ring.Describe());
}
