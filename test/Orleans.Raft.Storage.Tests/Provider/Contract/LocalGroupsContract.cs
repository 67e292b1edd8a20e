using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Serialization;
using Orleans.Storage;
using Xunit.Abstractions;

namespace Orleans.Raft.Storage.Tests.Provider.Contract;

/// <summary>The contract on groups without Raft: formats, verdicts and the provider itself.</summary>
public class LocalGroupsContract(ITestOutputHelper output) : GrainStorageContract(output)
{
    private IGrainStorage? _storage;

    protected virtual void Configure(RaftGrainStorageOptions options)
    {
    }

    protected override Task<IGrainStorage> StorageAsync()
    {
        _storage ??= new FakeRaftGroups().Services(Configure).GetRequiredKeyedService<IGrainStorage>("raft");
        return Task.FromResult(_storage);
    }
}

/// <summary>With clears that forget.</summary>
public sealed class LocalGroupsDeletingContract(ITestOutputHelper output) : LocalGroupsContract(output)
{
    protected override bool ClearRemovesTheRecord => true;

    protected override void Configure(RaftGrainStorageOptions options) => options.DeleteStateOnClear = true;
}

/// <summary>With another serializer and a single group.</summary>
public sealed class LocalGroupsJsonContract(ITestOutputHelper output) : LocalGroupsContract(output)
{
    protected override void Configure(RaftGrainStorageOptions options)
    {
        options.Groups = 1;
        options.GrainStorageSerializer = new SystemTextJsonGrainStorageSerializer(Options.Create(new SystemTextJsonGrainStorageSerializerOptions()));
    }
}
