using Orleans.Raft.Storage.Provider;
using Orleans.Runtime;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Provider;

public sealed class GrainSlotTests
{
    // Computed by an independent implementation of XXH64 over the documented bytes. A change here would make every stored state disappear.
    [Theory]
    [InlineData("default", "raft", "cart", "42", "cart", 0xaf0d4ca42a6dc217, 535)]
    [InlineData("shop", "Default", "user", "anna/1", "profile", 0x2ca103fb37876ed3, 3795)]
    [InlineData("", "x", "t", "k", "s", 0x2b0d59f91a679915, 2325)]
    [InlineData("dienst-ä", "raft", "katze", "schlüssel-☃", "zustand", 0xa5cce373a75ab9af, 2479)]
    [InlineData("ab", "c", "d", "e", "f", 0x29250d5cb771fa3b, 2619)]
    [InlineData("a", "bc", "d", "e", "f", 0x36d8fe4d1f9e204, 516)]
    public void The_slot_of_a_state_never_changes(
        string serviceId, string provider, string type, string key, string state, ulong hash, int slot)
    {
        var grain = GrainId.Create(type, key);
        Assert.Equal(hash, GrainSlot.Hash(serviceId, provider, grain, state));
        Assert.Equal(slot, GrainSlot.Of(serviceId, provider, grain, state));
    }

    [Fact]
    public void A_long_key_goes_through_the_same_hash() => Assert.Equal(
        0xd065142f4a0e2e92, GrainSlot.Hash("s", "p", GrainId.Create("type", new string('k', 300)), "state"));

    [Fact]
    public void Every_slot_has_a_group_and_groups_differ_by_one_slot_at_most()
    {
        foreach (var groups in new[] { 1, 3, 16, 17, 100, 4096 })
        {
            var sizes = new int[groups];
            for (var slot = 0; slot < GrainSlot.Count; slot++)
            {
                sizes[SlotMap.GroupOf((ushort)slot, groups)]++;
            }

            Assert.True(sizes.Max() - sizes.Min() <= 1, $"{groups} groups: {sizes.Min()} to {sizes.Max()} slots");
        }
    }
}
